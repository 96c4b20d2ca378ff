package carve

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// A range that is attached by routes lies outside every block of the VPC.
// Nothing in the VPC reserves it: the routes to its nodes do, one by one.

func IsRouted(r *v1alpha1.RangeRequest) bool {
	return r.Spec.Purpose == v1alpha1.Pods && r.Spec.Attachment == v1alpha1.AttachRoutes
}

func (in Input) routed() bool { return IsRouted(in.Request) }

// smallest is the length of the smallest range that a node can have.
func (in Input) smallest() int {
	if in.routed() {
		return 0
	}
	return in.Snapshot.Traits.Smallest
}

// leadsToNode is true for a route to less than a block that the request names:
// the request takes the block with the routes in it, which are those of nodes
// that have their ranges already, or are occupied when nodes draw from it.
func (in Input) leadsToNode(o cloud.Occupied) bool {
	if o.Kind != cloud.StaticRoute {
		return false
	}
	for _, p := range v1alpha1.ParseCIDRs(in.Request.Spec.CIDRs) {
		if prefix.Contains(p, o.Prefix) && o.Prefix.Bits() > p.Bits() {
			return true
		}
	}
	return false
}

// blocked is true for a range that a block of the VPC came to lie over.
func (in Input) blocked(p netip.Prefix) *conditions.Refusal {
	for _, b := range in.Snapshot.Blocks {
		if b.Overlaps(p) {
			return conditions.Refuse(v1alpha1.ReasonOverlap, "range %s is attached by routes, and %s, a block of the VPC, overlaps it: no more routes to nodes can be created there; remove that block, or create a new request",
				p, b)
		}
	}
	return nil
}

// otherRoutes is what the route tables hold besides routes into the ranges;
// nil where that is not known.
func otherRoutes(ranges []netip.Prefix, s cloud.Snapshot) *v1alpha1.OtherRoutes {
	if s.Routes == nil {
		return nil
	}
	out := v1alpha1.OtherRoutes{Table: s.Routes.Table, Limit: int32(s.Routes.Limit), Others: int32(s.Routes.Used)}
	for _, o := range s.Occupied {
		if o.Kind == cloud.StaticRoute && strings.HasPrefix(o.Name, s.Routes.Table+"/") && prefix.Within(ranges, o.Prefix) {
			out.Others--
		}
	}
	return &out
}

// tooManyRoutes refuses a further range for more nodes than the route tables
// take routes.
func (in Input) tooManyRoutes(steps []Step) *conditions.Refusal {
	had := v1alpha1.Prefixes(in.Request.Status.Ranges)
	t, c := otherRoutes(had, in.Snapshot), in.Request.Spec.Capacity
	if t == nil || c == nil || len(steps) == len(had) || c.Nodes <= t.Limit-t.Others {
		return nil
	}
	return conditions.Refuse(string(cloud.QuotaExceeded), "capacity is for %d nodes, each with a route in every table, but route table %s has room for %d more (quota %d, %d in use by others); %s",
		c.Nodes, t.Table, max(0, t.Limit-t.Others), t.Limit, t.Others, routesRemedy)
}

// noMoreRoutes refuses a further range that the route tables have no routes for.
func (in Input) noMoreRoutes(f Further) *conditions.Refusal {
	had := v1alpha1.Prefixes(staying(in.Request.Status.Ranges))
	t, n := otherRoutes(had, in.Snapshot), in.Request.Spec.NodePrefixLength
	if !in.routed() || t == nil || feeds(had, int(n.IntVal)).Cmp(prefix.NewCount(uint64(max(0, t.Limit-t.Others)))) < 0 {
		return nil
	}
	return conditions.Refuse(string(cloud.QuotaExceeded), "the request needs another range (%s), but its ranges already hold as many nodes as route table %s has room for routes (quota %d, %d in use by others); %s",
		f.Why, t.Table, t.Limit, t.Others, routesRemedy)
}

// routesRemedy is what to do where route tables are full.
// Source: VPC user guide, "Amazon VPC quotas", Route tables.
const routesRemedy = "raise the account's quota of routes per route table (to at most 1,000) and set the Network's routesPerTable, or request fewer nodes"

// feeds is how many nodes the ranges have room for.
func feeds(ranges []netip.Prefix, nodeLength int) (n prefix.Count) {
	for _, p := range ranges {
		n = n.Add(plan.Nodes(p.Bits(), nodeLength))
	}
	return n
}

// RoutesOf is what else is in the route tables, where the request's nodes have
// routes.
func RoutesOf(in Input) *v1alpha1.OtherRoutes {
	if !in.routed() {
		return nil
	}
	return otherRoutes(v1alpha1.Prefixes(in.Request.Status.Ranges), in.Snapshot)
}

// RoutesLimit says whether the ranges hold more nodes than the route tables
// take routes. It is pure.
func RoutesLimit(r *v1alpha1.RangeRequest) (text string, limited bool) {
	t, n := r.Status.Routes, r.Spec.NodePrefixLength
	if t == nil || n == nil {
		return "", false
	}
	room := feeds(v1alpha1.Prefixes(staying(r.Status.Ranges)), int(n.IntVal))
	if c := r.Spec.Capacity; c != nil { // what a power of two has beyond that was not asked for
		if asked := prefix.NewCount(uint64(c.Nodes)); room.Cmp(asked) > 0 {
			room = asked
		}
	}
	left := uint64(max(0, t.Limit-t.Others))
	if room.Cmp(prefix.NewCount(left)) <= 0 {
		return fmt.Sprintf("route table %s has room for %d routes to nodes, and the ranges for %s nodes", t.Table, left, room), false
	}
	return fmt.Sprintf("the ranges have room for %s nodes, each with a route in every table, but route table %s has room for only %d (quota %d, %d in use by others); %s",
		room, t.Table, left, t.Limit, t.Others, routesRemedy), true
}
