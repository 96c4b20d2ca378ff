package carve

import (
	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// proxy plans the one range of a proxy-only subnet, whose name is that of the
// range. A network has one that is active in each region, so one that is
// there is used, whoever made it.
func (in Input) proxy() ([]Step, *conditions.Refusal) {
	if in.Snapshot.Traits.NoProxies {
		return nil, conditions.Refuse(v1alpha1.ReasonUnsupported, "load balancers of this cloud need no proxy-only subnet; delete the request")
	}
	if len(in.Request.Spec.Subnets) > 0 {
		return nil, conditions.Refuse(v1alpha1.ReasonUnknownSubnet, "a proxy-only subnet is a subnet of its own and in none of %v; remove subnets", in.Request.Spec.Subnets)
	}
	if n := len(in.Request.Spec.CIDRs); n > 1 {
		return nil, conditions.Refuse(v1alpha1.ReasonUnsupported, "a network has one active proxy-only subnet per region, and cidrs lists %d; list one", n)
	}
	s := cloud.Subnet{Name: in.owner().ObjectName(0)}
	active := in.Snapshot.Proxy
	switch {
	case active == nil:
		if g := in.Request.Status.Ranges; len(g) > 0 {
			s.Name = g[0].Subnet // it is put back where it was, if it was ours
		}
	case active.Mark().Of(in.owner()):
		s.Name = active.Name
		s.Ranges = []cloud.Range{{Subnet: active.Name, Name: active.Name, Prefix: active.Prefix}}
	default:
		return in.adoptProxy(active)
	}
	return in.subnet(s, nil, in.ask())
}

// adoptProxy uses the active one of somebody else.
func (in Input) adoptProxy(active *cloud.ProxySubnet) ([]Step, *conditions.Refusal) {
	who := in.ownerOf(cloud.ParseMark(active.Name))
	if who != "" {
		who = " " + who
	}
	if len(in.Request.Spec.CIDRs) > 0 && !in.names(active.Prefix) {
		return nil, conditions.Refuse(v1alpha1.ReasonOverlap, "a network has one active proxy-only subnet per region, and that is %s (%s)%s; list its block or none in cidrs, or delete it",
			active.Name, active.Prefix, who)
	}
	at := cloud.Range{Subnet: active.Name, Name: active.Name, Prefix: active.Prefix}
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && p != at.Prefix {
			return nil, conditions.Refuse(v1alpha1.ReasonRangeMissing, "proxy-only subnet %s (%s) is active now%s, instead of %s (%s); make that active again, or recreate this request",
				active.Name, active.Prefix, who, g.Name, g.CIDR)
		}
	}
	return []Step{{Range: at, Adopted: true, Why: "it is the region's active proxy-only subnet, of which there can be only one"}}, nil
}
