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
--orphan-grace; what stays longer is told of on its Network. Ranges and subnets
whose RangeRequest is gone are listed too, and firewall rules of a Network.

With --delete load balancers' are removed: those that are still orphans after
--grace, for what is just being made may look like one. What RangeRequests left
may have been retained on purpose: it goes with --retained only.`

// finder is the command orphans.
type finder struct {
	requests
	network      string
	withoutClass bool
	remove       bool
	retained     bool
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
			if f.retained && !f.remove {
				return errors.New("--retained says what --delete removes")
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
	set.BoolVar(&f.retained, "retained", false, "with --delete: also what RangeRequests and Networks left that are gone")
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
	first, err := f.find(ctx, in, at)
	if err != nil {
		return err
	}
	if list := first.list(); !f.remove || len(list) == 0 {
		return o.write(cmd.OutOrStdout(), list, list.print)
	}
	if err := first.list().print(cmd.ErrOrStderr(), show.Style{}); err != nil {
		return err
	}
	but := ""
	if !f.retained && len(first.pieces) > 0 {
		but = " What RangeRequests and Networks left stays without --retained."
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "\nThose that are still orphans in %s are removed.%s\n\n", f.grace, but)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.grace):
	}
	again, err := f.find(ctx, in, at)
	if err != nil {
		return err
	}
	gone, err := f.removeBoth(ctx, at, first, again)
	return errors.Join(o.write(cmd.OutOrStdout(), gone, gone.print), err)
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
