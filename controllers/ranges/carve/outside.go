package carve

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// Apart reports whether the request's ranges are in the status only, and in no
// subnet: the VPC has nothing to reserve addresses for ClusterIPs with, nor
// addresses that routes lead to.
func (in Input) Apart() bool {
	return in.Request.Spec.Purpose == v1alpha1.Services && in.Snapshot.Traits.NoServices || in.routed()
}

// planApart plans ranges that are in no subnet.
func (in Input) planApart() ([]Step, *conditions.Refusal) {
	if len(in.Request.Spec.Subnets) > 0 {
		return nil, conditions.Refuse(v1alpha1.ReasonUnknownSubnet, "on this cloud a range for Services is in no subnet, and subnets lists %v; remove subnets", in.Request.Spec.Subnets)
	}
	steps, no := in.subnet(cloud.Subnet{}, nil, in.ask())
	if no == nil && in.routed() {
		no = in.tooManyRoutes(steps)
	}
	if no != nil {
		return nil, no
	}
	return steps, nil
}

// ofVPC are the VPC's own blocks, in which no range is chosen: nothing there
// would keep a subnet from being made over it. A ClusterIP range that the
// request names keeps clear of what is there now only; no route may lead into
// a block.
func (in Input) ofVPC(chosen bool) (out []plan.Occupied) {
	why := "a subnet may be created there at any time"
	switch {
	case !in.Apart(), !in.routed() && !chosen:
		return nil
	case in.routed():
		why = "no route to a part of it may lead to a node"
	}
	for _, p := range in.Snapshot.Blocks {
		out = append(out, plan.Occupied{Prefix: p, What: "a block of the VPC", Why: why})
	}
	for _, other := range in.Others { // those on their way
		for _, b := range other.Status.Made().Blocks {
			if p, err := netip.ParsePrefix(b.CIDR); err == nil {
				out = append(out, plan.Occupied{Prefix: p, What: "a block that RangeRequest " + other.Name + " associates with the VPC", Why: why})
			}
		}
	}
	return out
}

// served adds what the request has by a ServiceCIDR that was made for it, or by
// the routes to its nodes, where the status was lost.
func (in Input) served(had []cloud.Range) []cloud.Range {
	if in.routed() {
		return append(had, in.regained()...)
	}
	for _, b := range in.Services {
		known := slices.ContainsFunc(had, func(r cloud.Range) bool { return r.Prefix == b.Prefix })
		if b.Request == in.Request.Name && !known {
			had = append(had, cloud.Range{Prefix: b.Prefix, Name: in.owner().ObjectName(len(had))})
		}
	}
	return had
}

// overlaid is true for a range in the status only that something was made over.
func (in Input) overlaid(p netip.Prefix) *conditions.Refusal {
	if in.routed() {
		return in.blocked(p)
	}
	for _, o := range in.Snapshot.Occupied {
		if o.Prefix.Overlaps(p) {
			return conditions.Refuse(v1alpha1.ReasonOverlap, "range %s for ClusterIPs overlaps %s %s (%s), so a ClusterIP may equal an address of that; remove it, or recreate this request",
				p, o.Kind, o.Name, o.Prefix)
		}
	}
	return nil
}
