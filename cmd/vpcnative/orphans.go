package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

const orphansLong = `List the parts of load balancers that are ours and have no Service any more, and
shared ones that nothing uses. The manager removes them by itself after
--orphan-grace; what stays longer is told of on its Network.

With --delete they are removed: those that are still orphans after --grace, for
what is just being made may look like one.`

// finder is the command orphans.
type finder struct {
	requests
	network      string
	withoutClass bool
	remove       bool
	grace        time.Duration
}

func orphansCommand() *cobra.Command {
	o, f := &output{}, &finder{}
	cmd := &cobra.Command{
		Use:     "orphans",
		Short:   "List what is left of load balancers without a Service, and remove it",
		Long:    orphansLong,
		Example: "  vpcnative orphans --cloud=gcp\n  vpcnative orphans --cloud=gcp --delete",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			if f.grace < 0 {
				return fmt.Errorf("--grace=%s: it must not be less than zero", f.grace)
			}
			return f.run(cmd.Context(), cmd, o)
		},
	}
	o.register(cmd)
	set := cmd.Flags()
	f.cluster.Register(set)
	f.clouds.Register(set, "", "the cloud, with your own credentials; the Network's where it is not given")
	set.StringVar(&f.clusterID, "cluster-id", "", "what the manager's --cluster-id is; the UID of namespace kube-system where it is not given")
	set.StringVar(&f.network, "network", "", "the Network; the only one, or default, where it is not given")
	set.BoolVar(&f.withoutClass, "services-without-class", false, "what the manager's flag is")
	set.BoolVar(&f.remove, "delete", false, "remove them")
	set.DurationVar(&f.grace, "grace", time.Minute, "with --delete: how long they must have been orphans")
	return cmd
}

func (f *finder) run(ctx context.Context, cmd *cobra.Command, o *output) error {
	in, err := f.join(ctx)
	if err != nil {
		return err
	}
	name := cmp.Or(f.network, loadbalancer.NetworkOf(&corev1.Service{}, in.networks))
	at, err := f.open(ctx, in, name)
	if err != nil {
		return err
	}
	defer at.close()
	_, found, err := f.find(ctx, in, at)
	if err != nil || !f.remove || len(found) == 0 {
		if err != nil {
			return err
		}
		list := listed(found)
		return o.write(cmd.OutOrStdout(), list, list.print)
	}
	if err := listed(found).print(cmd.ErrOrStderr(), show.Style{}); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "\nThose that are still orphans in %s are removed.\n\n", f.grace)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.grace):
	}
	state, again, err := f.find(ctx, in, at)
	if err != nil {
		return err
	}
	first := map[lb.Ref]bool{}
	for _, x := range found {
		first[x.Ref] = true
	}
	var due []lb.Orphan
	for _, x := range again {
		if first[x.Ref] {
			due = append(due, x)
		}
	}
	gone := orphanList{}
	err = loadbalancer.Remove(ctx, at, state, due, func(r lb.Resource) {
		gone = append(gone, listed([]lb.Orphan{{Resource: r, Why: "removed"}})...)
	})
	return errors.Join(o.write(cmd.OutOrStdout(), gone, gone.print), err)
}

// find reads the cloud first, so that a Service that is made meanwhile is seen.
func (f *finder) find(ctx context.Context, in *joined, at *place) (lb.State, []lb.Orphan, error) {
	state, err := at.Read(ctx, in.clusterID)
	if err != nil {
		return nil, nil, err
	}
	var services corev1.ServiceList
	if err := in.client.List(ctx, &services); err != nil {
		return nil, nil, fmt.Errorf("listing Services: %w", err)
	}
	return state, lb.Orphans(state, loadbalancer.Lives(services.Items, in.clusterID, f.withoutClass)), nil
}

type orphanList []orphan

type orphan struct {
	Resource string `json:"resource"`
	For      string `json:"for"`
	Why      string `json:"why"`
}

func listed(found []lb.Orphan) orphanList {
	out := orphanList{}
	for _, x := range found {
		whose := x.Owner.Kind + " " + x.Owner.Name
		if x.Owner.Namespace != "" {
			whose = x.Owner.Kind + " " + x.Owner.Namespace + "/" + x.Owner.Name
		}
		out = append(out, orphan{Resource: x.Ref.String(), For: whose, Why: x.Why})
	}
	return out
}

func (l orphanList) print(w io.Writer, _ show.Style) error {
	if len(l) == 0 {
		_, err := io.WriteString(w, "nothing is left behind\n")
		return err
	}
	rows := []string{"RESOURCE\tFOR\tWHY"}
	for _, x := range l {
		rows = append(rows, x.Resource+"\t"+x.For+"\t"+x.Why)
	}
	return show.Table(w, rows...)
}
