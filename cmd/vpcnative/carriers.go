package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// readCarriers finds the instances that carry something of the cluster's
// ranges: those that have its mark, and those that its requests were granted,
// also where they had been there before. While there is one the cluster is not
// gone, whether its API server answers or not.
func (r *remains) readCarriers(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest) error {
	var in []netip.Prefix
	for _, x := range r.ranges {
		in = append(in, x.Prefix)
	}
	for _, q := range requests {
		if q.NetworkName() == n.Name {
			in = append(in, v1alpha1.Prefixes(q.Status.Ranges)...)
		}
	}
	for _, x := range r.routes {
		if x.to.Instance != "" {
			r.carriers = append(r.carriers, fmt.Sprintf("a route leads %s to %s", x.Prefix, x.to.Instance))
		}
	}
	if len(in) == 0 || r.vpc.Interfaces == nil {
		return nil
	}
	for nic, err := range r.vpc.Interfaces.List(ctx) {
		if err != nil {
			return fmt.Errorf("finding the instances that have addresses of the cluster's ranges: %w", err)
		}
		held := slices.Clone(nic.Elsewhere)
		for _, a := range nic.Attachments {
			held = append(held, a.Prefix)
		}
		for _, p := range held {
			if slices.ContainsFunc(in, p.Overlaps) {
				r.carriers = append(r.carriers, fmt.Sprintf("%s has %s", cmp.Or(nic.Instance, nic.InstanceUID), p))
			}
		}
	}
	return nil
}
