package main

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
)

// joined is a cluster, its identity in the cloud, and its Networks.
type joined struct {
	client    client.Client
	clusterID string
	networks  []v1alpha1.Network
}

// join connects to the cluster.
func (p *requests) join(ctx context.Context) (*joined, error) {
	c, err := p.cluster.Connect()
	if err != nil {
		return nil, err
	}
	out := &joined{client: c, clusterID: p.clusterID}
	if out.clusterID == "" {
		if out.clusterID, err = cluster.ID(ctx, c); err != nil {
			return nil, err
		}
	}
	var all v1alpha1.NetworkList
	if err := c.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing Networks: %w; is vpcnative installed in this cluster? Its CRDs are in deploy/crds", err)
	}
	out.networks = all.Items
	return out, nil
}

func (in *joined) nodes(ctx context.Context) (out []*corev1.Node, err error) {
	state, err := cluster.Read(ctx, in.client)
	return pointers(state.Nodes), err
}

func pointers(nodes []corev1.Node) (out []*corev1.Node) {
	for i := range nodes {
		out = append(out, &nodes[i])
	}
	return out
}

// place is the load balancing of one Network.
type place struct {
	network *v1alpha1.Network
	lb.Balancers
	vpc   cloud.VPC
	close func()
}

// open opens the cloud of a Network.
func (p *requests) open(ctx context.Context, in *joined, name string) (*place, error) {
	at := slices.IndexFunc(in.networks, func(n v1alpha1.Network) bool { return n.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("no Network %q", name)
	}
	out := &place{network: &in.networks[at]}
	options := p.clouds
	if options.Cloud = options.Implied(); options.Cloud == "" {
		options.Cloud = clouds.Of(out.network)
	}
	if err := options.Validate(); err != nil {
		return nil, err
	}
	opener := clouds.New(clouds.Config{Options: options, UserAgent: "vpcnative", ClusterID: in.clusterID})
	var err error
	if out.vpc, err = opener.Open(ctx, out.network); err == nil {
		out.Balancers, err = opener.Balancers(ctx, out.network)
	}
	if err != nil {
		opener.Close()
		return nil, err
	}
	out.close = opener.Close
	return out, nil
}
