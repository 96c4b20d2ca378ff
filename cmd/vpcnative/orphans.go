package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

const orphansLong = `List vpcnative's load balancer resources whose Service is gone, and shared ones
that nothing uses. The manager deletes them after --orphan-grace and reports
those that remain on the Network. Ranges and subnets whose RangeRequest is gone,
and firewall rules whose Network is gone, are listed too.

--delete deletes the load balancer resources that are still orphans after
--grace: a resource that is being created may look like an orphan. Ranges and
subnets may have been retained on purpose: they are deleted only with --retained.`

// finder implements the command orphans.
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
		Short:   "List and delete load balancer resources whose Service is gone",
		Long:    orphansLong,
		Example: "  vpcnative orphans --cloud=gcp\n  vpcnative orphans --cloud=gcp --delete",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.grace < 0 {
				return fmt.Errorf("--grace=%s: must not be negative", f.grace)
			}
			if f.retained && !f.remove {
				return errors.New("--retained requires --delete")
			}
			return f.run(cmd.Context(), cmd, o)
		},
	}
	o.register(cmd)
	set := cmd.Flags()
	f.cluster.Register(set)
	f.clouds.Register(set, "", "the cloud, gcp or aws, with your own credentials (default: the Network's)")
	set.StringVar(&f.clusterID, "cluster-id", "", "the manager's --cluster-id (default: the UID of namespace kube-system)")
	set.StringVar(&f.network, "network", "", "the Network (default: the only one, or the one named default)")
	set.BoolVar(&f.withoutClass, "services-without-class", false, "set if the manager's flag is set")
	set.BoolVar(&f.remove, "delete", false, "delete the orphans")
	set.BoolVar(&f.retained, "retained", false, "with --delete: also what deleted RangeRequests and Networks left behind")
	set.DurationVar(&f.grace, "grace", time.Minute, "with --delete: how long a resource must have been an orphan")
	return cmd
}

func (f *finder) run(ctx context.Context, cmd *cobra.Command, o *output) error {
	in, err := f.join(ctx)
	if err != nil {
		return err
	}
	name := cmp.Or(f.network, loadbalancer.NetworkOf(&corev1.Service{}, in.networks))
	n, err := in.network(name)
	if err != nil {
		return err
	}
	at, err := f.open(ctx, n, in.clusterID)
	if err != nil {
		return err
	}
	defer at.close()
	first, err := f.find(ctx, in, at)
	if err != nil {
		return err
	}
	if list := first.list(); !f.remove || len(list) == 0 {
		return o.write(cmd.OutOrStdout(), list, printWhy(list))
	} else if err := o.print(cmd.ErrOrStderr(), printWhy(list)); err != nil {
		return err
	}
	but := ""
	if !f.retained && len(first.pieces) > 0 {
		but = " What deleted RangeRequests and Networks left behind is kept without --retained."
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "\nDeleting those that are still orphans in %s.%s\n\n", f.grace, but)
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
	return errors.Join(o.write(cmd.OutOrStdout(), gone, printWhy(gone)), err)
}
