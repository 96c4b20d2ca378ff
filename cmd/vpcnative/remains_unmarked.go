package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// What carries no mark, VPC blocks and routes, only the requests' status
// identifies.

// blocksOf returns the VPC's blocks that were added for requests.
func (r *remains) blocksOf(requests []v1alpha1.RangeRequest, s cloud.Snapshot) (out []piece) {
	for i := range requests {
		for _, b := range requests[i].Status.Made().Blocks {
			p, err := netip.ParsePrefix(b.CIDR)
			if err == nil && !b.Adopted && slices.Contains(s.Blocks, p) {
				out = append(out, piece{"block " + p.String(), "RangeRequest " + requests[i].Name, within(p, r.vpc.NewSpace.RemoveBlock)})
			}
		}
	}
	return out
}

// readRoutes finds the routes to nodes: of exactly a node's size, in a range
// that a request was granted. A block that the request named may have had
// routes of others before, which nothing tells apart.
func (r *remains) readRoutes(ctx context.Context, requests []v1alpha1.RangeRequest) (out []piece, err error) {
	if r.vpc.Routed == nil {
		return nil, nil
	}
	if len(requests) == 0 {
		r.notes = append(r.notes, "the file has no RangeRequest of Network "+r.network.Name+
			", whose status records the cluster's routes and VPC blocks: these are kept")
	}
	for _, q := range requests {
		if q.Spec.Attachment != v1alpha1.AttachRoutes || q.Spec.NodePrefixLength == nil {
			continue
		}
		if len(q.Spec.CIDRs) > 0 {
			r.notes = append(r.notes, "RangeRequest "+q.Name+" named its blocks, so routes in them may be another party's: these are kept")
			continue
		}
		made := slices.DeleteFunc(slices.Clone(q.Status.Ranges), func(g v1alpha1.GrantedRange) bool { return g.Adopted })
		for i, err := range r.vpc.Routed.List(ctx) {
			if err != nil {
				return nil, err
			}
			for _, p := range i.Prefixes() {
				if prefix.Within(v1alpha1.Prefixes(made), p) && p.Bits() == q.Spec.NodePrefixLength.IntValue() {
					out = append(out, r.route(p, i, q.Name))
				}
			}
		}
	}
	return out, nil
}

// route is one to a node. It may go where it leads nowhere: a route to a running
// machine may be used by somebody else.
func (r *remains) route(p netip.Prefix, to cloud.Interface, request string) piece {
	if to.Instance != "" {
		r.carriers = append(r.carriers, fmt.Sprintf("a route leads %s to %s", p, to.Instance))
	}
	what := "route " + p.String() + " to " + cmp.Or(to.Instance, to.InstanceUID)
	return piece{what, "RangeRequest " + request, func(ctx context.Context) error {
		if to.Instance != "" {
			return fmt.Errorf("the route leads to instance %s, which exists; delete the instance", to.Instance)
		}
		op, err := r.vpc.Routed.Detach(ctx, to, cloud.Attachment{Prefix: p})
		if err != nil || op.Done() {
			return err
		}
		return r.vpc.Routed.Wait(ctx, op)
	}}
}
