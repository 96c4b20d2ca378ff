package carve

import (
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// JudgeClaims returns which claims of the request were made, and which can be no
// more, since somebody else has the place or the subnet is gone. It is pure.
func JudgeClaims(in Input) (made, lapsed []string) {
	for _, g := range in.Request.Status.Ranges {
		if !g.Claimed() {
			continue
		}
		switch p, ok := g.Prefix(); {
		case !ok:
			lapsed = append(lapsed, g.CIDR)
		case in.shows(cloud.Range{Subnet: g.Subnet, Name: g.Name, Prefix: p}):
			made = append(made, g.CIDR)
		case in.barred(g):
			lapsed = append(lapsed, g.CIDR)
		}
	}
	return made, lapsed
}

// shows is true for a range that is there: in its subnet, as the proxies' subnet,
// or, where no subnet has it, as a ServiceCIDR.
func (in Input) shows(x cloud.Range) bool {
	if in.Apart() {
		return slices.ContainsFunc(in.Services, func(b ServiceBlock) bool { return b.Request == in.Request.Name && b.Prefix == x.Prefix })
	}
	if p := in.Snapshot.Proxy; p != nil && p.Name == x.Name && p.Prefix == x.Prefix {
		return true
	}
	return slices.ContainsFunc(in.Snapshot.Subnets, func(s cloud.Subnet) bool { return slices.Contains(s.Ranges, x) })
}

// barred is true for a claim whose place somebody else has.
func (in Input) barred(g v1alpha1.GrantedRange) bool {
	if in.Request.Spec.Purpose == v1alpha1.Proxy && in.Snapshot.Proxy != nil {
		return true // a region has one
	}
	p, _ := g.Prefix()
	at, known := in.subnetNamed(g.Subnet)
	if !known && g.Subnet != "" && in.Request.Spec.Purpose != v1alpha1.Proxy {
		return true
	}
	_, taken := in.taken(p, at)
	return taken
}

// Makes is true for a step by which something comes to be: a range in the VPC, or a
// ServiceCIDR.
func (s Step) Makes(r *v1alpha1.RangeRequest) bool {
	return s.Create || r.Spec.Purpose == v1alpha1.Services && !s.Adopted
}
