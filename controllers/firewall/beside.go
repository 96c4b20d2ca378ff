package firewall

import (
	"context"
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// flows reads the VPC, and says what traffic comes in to the Network.
func (c *Controller) flows(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest, vpc cloud.VPC) (map[prefix.Family]Traffic, error) {
	snapshot, err := c.Space.Fresh(ctx, n)
	if err != nil {
		return nil, err
	}
	beside, err := c.beside(ctx, n, requests, vpc, snapshot)
	if err != nil {
		return nil, err
	}
	return Flows(n.Name, requests, snapshot, beside...), nil
}

// beside are the other Networks of the same VPC. One whose pods have IPv6 in
// subnets that this one does not have is read too: with it left out, its pods
// would be cut off.
func (c *Controller) beside(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest, vpc cloud.VPC, s cloud.Snapshot) (out []Neighbour, err error) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if other.Name == n.Name {
			continue
		}
		at, err := c.OpenVPC(ctx, other)
		if err != nil || vpc.Place.VPC == "" || at.Place.VPC != vpc.Place.VPC { // what cannot be opened has no pods that anybody knows of
			continue
		}
		subnets := s.Subnets
		if needsOwn(other.Name, requests, subnets) {
			its, err := c.Space.Fresh(ctx, other)
			if err != nil {
				return nil, fmt.Errorf("reading the subnets of Network %s, whose pods are let in too: %w", other.Name, err)
			}
			subnets = its.Subnets
		}
		out = append(out, Neighbour{other.Name, subnets})
	}
	return out, nil
}

// needsOwn reports whether pods of the Network have IPv6 in other subnets.
func needsOwn(network string, requests []v1alpha1.RangeRequest, subnets []cloud.Subnet) bool {
	return slices.ContainsFunc(requests, func(r v1alpha1.RangeRequest) bool {
		return slices.ContainsFunc(r.Status.Ranges, func(g v1alpha1.GrantedRange) bool {
			return hasIPv6Pods(network, []v1alpha1.RangeRequest{r}, g.Subnet) &&
				!slices.ContainsFunc(subnets, func(s cloud.Subnet) bool { return s.Name == g.Subnet })
		})
	})
}
