package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/controllers/vpc"
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
	out.networks, err = cluster.Networks(ctx, c)
	return out, err
}

// network is the Network of that name.
func (in *joined) network(name string) (*v1alpha1.Network, error) {
	at := slices.IndexFunc(in.networks, func(n v1alpha1.Network) bool { return n.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("no Network %q", name)
	}
	return &in.networks[at], nil
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

// vpcs opens the VPCs of Networks, and reads their space as the manager does.
type vpcs struct {
	*clouds.Clouds
	space *vpc.Reader
}

func openVPCs(o clouds.Options, clusterID string) vpcs {
	all := clouds.New(clouds.Config{Options: o, UserAgent: "vpcnative", ClusterID: clusterID})
	return vpcs{all, vpc.New(vpc.Config{Open: all.Open})}
}

// read is what a Network's VPC has, to plan with.
func (v vpcs) read(ctx context.Context, n *v1alpha1.Network) (preview.VPC, error) {
	now := metav1.NewTime(time.Now())
	snapshot, err := v.space.Fresh(ctx, n)
	return preview.Cloud(snapshot, now), err
}

// connect opens VPCs of the cloud that the flags name, or else of the Network's.
func (p *requests) connect(n *v1alpha1.Network, clusterID string) (vpcs, error) {
	o := p.clouds
	if o.Cloud = o.Implied(); o.Cloud == "" {
		o.Cloud = clouds.Of(n)
	}
	if err := o.Validate(); err != nil {
		return vpcs{}, err
	}
	return openVPCs(o, clusterID), nil
}

// place is the VPC of one Network, and its load balancing.
type place struct {
	network *v1alpha1.Network
	vpcs    vpcs
	vpc     cloud.VPC
	lb.Balancers
}

// open opens the cloud of a Network.
func (p *requests) open(ctx context.Context, n *v1alpha1.Network, clusterID string) (*place, error) {
	all, err := p.connect(n, clusterID)
	if err != nil {
		return nil, err
	}
	out := &place{network: n, vpcs: all}
	if out.vpc, err = all.Open(ctx, n); err == nil {
		out.Balancers, err = all.Balancers(ctx, n)
	}
	if err != nil {
		all.Close()
		return nil, err
	}
	return out, nil
}

func (p *place) close() { p.vpcs.Close() }

// snapshot reads the VPC's space.
func (p *place) snapshot(ctx context.Context) (cloud.Snapshot, error) {
	return p.vpcs.space.Fresh(ctx, p.network)
}
