package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// service is plan for a Service as it is in the cluster.
func (p *requests) service(ctx context.Context, cmd *cobra.Command, o *output, at client.ObjectKey, withoutClass bool) error {
	in, err := p.join(ctx)
	if err != nil {
		return err
	}
	s := &corev1.Service{}
	if err := in.client.Get(ctx, at, s); err != nil {
		return fmt.Errorf("reading Service %s: %w", at, err)
	}
	return p.report(ctx, cmd, o, in, []*corev1.Service{s}, withoutClass)
}

// services is plan for the Services of a file.
func (p *requests) services(ctx context.Context, cmd *cobra.Command, o *output, file []corev1.Service, withoutClass bool) error {
	if p.noCluster {
		return errors.New("a load balancer is planned for the nodes of a cluster: remove --no-cluster")
	}
	in, err := p.join(ctx)
	if err != nil {
		return err
	}
	var list []*corev1.Service
	for _, one := range file {
		s, notes, err := cluster.AdmitService(ctx, in.client, one)
		if err != nil {
			return err
		}
		for _, note := range notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note: "+note)
		}
		list = append(list, s)
	}
	return p.report(ctx, cmd, o, in, list, withoutClass)
}

func (p *requests) report(ctx context.Context, cmd *cobra.Command, o *output, in *joined, list []*corev1.Service, withoutClass bool) error {
	all, err := p.previews(ctx, in, list, withoutClass)
	if err != nil {
		return err
	}
	if err := o.write(cmd.OutOrStdout(), map[string]any{"services": all}, all.print); err != nil {
		return err
	}
	return all.refused()
}

// previews plans Services one after another, each over what those before it
// will have made.
func (p *requests) previews(ctx context.Context, in *joined, list []*corev1.Service, withoutClass bool) (out serviceReports, err error) {
	nodes, err := in.nodes(ctx)
	if err != nil {
		return nil, err
	}
	type read struct {
		*place
		lb.State
	}
	at := map[string]read{} // by Network
	for _, s := range list {
		name := loadbalancer.NetworkOf(s, in.networks)
		x, known := at[name]
		if !known {
			n, err := in.network(name)
			if err == nil {
				x.place, err = p.open(ctx, n, in.clusterID)
			}
			if err != nil {
				return nil, fmt.Errorf("service %s/%s: %w", s.Namespace, s.Name, err)
			}
			defer x.close()
			if x.State, err = x.Read(ctx, in.clusterID); err != nil {
				return nil, err
			}
			at[name] = x
		}
		preview := build.PreviewOf(x, x.State, build.Cluster{ID: in.clusterID, Cloud: clouds.Of(x.network)}, s, withoutClass, nodes)
		foresee(x.State, preview.Plan)
		out = append(out, reportOf(s, preview))
	}
	return out, nil
}

// foresee enters what a plan will come to.
func foresee(state lb.State, plan lb.Actions) {
	for _, a := range plan {
		switch {
		case a.Verb == lb.Delete:
			state.Note(a, lb.Resource{})
		case a.Done() && a.Want != nil:
			state.Note(a, *a.Want)
		}
	}
}
