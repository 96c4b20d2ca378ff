package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// leftRoute is a route to a node of the cluster.
type leftRoute struct {
	cloud.Attachment
	to      cloud.Interface
	request string
}

func (x leftRoute) String() string {
	to := x.to.Instance
	if to == "" {
		to = x.to.InstanceUID
	}
	return "route " + x.Prefix.String() + " to " + to
}

// leftBlock is a block of the VPC that was added for a request.
type leftBlock struct {
	prefix  netip.Prefix
	request string
}

// removeRoute deletes a route that leads nowhere. A route to a running machine
// may be used by somebody else.
func (r *remains) removeRoute(ctx context.Context, x leftRoute) error {
	if x.to.Instance != "" {
		return fmt.Errorf("the route leads to instance %s, which exists; delete the instance", x.to.Instance)
	}
	op, err := r.vpc.Routed.Detach(ctx, x.to, x.Attachment)
	if err != nil || op.Done() {
		return err
	}
	return r.vpc.Routed.Wait(ctx, op)
}

// readUnmarked finds the resources that only the requests' status identifies: VPC
// blocks and routes.
func (r *remains) readUnmarked(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest, s cloud.Snapshot) error {
	if r.vpc.NewSpace == nil && r.vpc.Routed == nil {
		return nil
	}
	recorded := false
	for i := range requests {
		q := &requests[i]
		if q.NetworkName() != n.Name {
			continue
		}
		recorded = true
		r.blocks = append(r.blocks, blocksOf(q, s)...)
		if err := r.readRoutes(ctx, q); err != nil {
			return err
		}
	}
	if !recorded {
		r.notes = append(r.notes, "the file has no RangeRequest of Network "+n.Name+
			", whose status records the cluster's routes and VPC blocks: these are kept")
	}
	return nil
}

// blocksOf returns the VPC's blocks that were added for a request, according to
// its status.
func blocksOf(q *v1alpha1.RangeRequest, s cloud.Snapshot) (out []leftBlock) {
	for _, b := range q.Status.Made().Blocks {
		p, err := netip.ParsePrefix(b.CIDR)
		if err == nil && !b.Adopted && slices.Contains(s.Blocks, p) {
			out = append(out, leftBlock{p, q.Name})
		}
	}
	return out
}

// readRoutes finds the routes to nodes: of exactly a node's size, in a range
// that the request was granted. A block that the request named may have had
// routes of others before, which nothing tells apart.
func (r *remains) readRoutes(ctx context.Context, q *v1alpha1.RangeRequest) error {
	if q.Spec.Attachment != v1alpha1.AttachRoutes || r.vpc.Routed == nil || q.Spec.NodePrefixLength == nil {
		return nil
	}
	var in []netip.Prefix
	for _, g := range q.Status.Ranges {
		if p, err := netip.ParsePrefix(g.CIDR); err == nil && !g.Adopted {
			in = append(in, p)
		}
	}
	if len(q.Spec.CIDRs) > 0 {
		r.notes = append(r.notes, "RangeRequest "+q.Name+" named its blocks, so routes in them may be another party's: these are kept")
		return nil
	}
	for i, err := range r.vpc.Routed.List(ctx) {
		if err != nil {
			return err
		}
		held := slices.Clone(i.Elsewhere)
		for _, a := range i.Attachments {
			held = append(held, a.Prefix)
		}
		for _, p := range held {
			inside := slices.ContainsFunc(in, func(block netip.Prefix) bool { return block.Contains(p.Addr()) && block.Bits() <= p.Bits() })
			if inside && p.Bits() == q.Spec.NodePrefixLength.IntValue() {
				r.routes = append(r.routes, leftRoute{cloud.Attachment{Prefix: p}, i, q.Name})
			}
		}
	}
	return nil
}
