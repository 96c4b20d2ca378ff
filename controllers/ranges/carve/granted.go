package carve

import (
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// OwnerKind is the kind in the ownership marks of ranges.
const OwnerKind = "RangeRequest"

func (in Input) status(r cloud.Range) (v1alpha1.GrantedRange, bool) {
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && p == r.Prefix && g.Subnet == r.Subnet {
			return g, true
		}
	}
	return v1alpha1.GrantedRange{}, false
}

// granted is what the request has in the subnet: by its status, or by its
// mark on a range in the VPC, where the status was lost.
func (in Input) granted(s cloud.Subnet) []cloud.Range {
	var out []cloud.Range
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && g.Subnet == s.Name {
			out = append(out, cloud.Range{Subnet: s.Name, Name: g.Name, Prefix: p})
		}
	}
	if in.Apart() {
		return in.served(out)
	}
	owner := in.owner()
	for _, r := range s.Ranges {
		known := slices.ContainsFunc(out, func(o cloud.Range) bool { return o.Prefix == r.Prefix })
		if cloud.ParseMark(r.Name).Of(owner) && !known {
			out = append(out, r)
		}
	}
	return out
}

func (in Input) owner() cloud.Owner {
	return cloud.Owner{ClusterID: in.ClusterID, Kind: OwnerKind, Name: in.Request.Name}
}

// freeName returns the lowest name of ours that the subnet does not know; next
// counts up within one plan.
func (in Input) freeName(s cloud.Subnet, had []cloud.Range, next *int) string {
	for ; ; *next++ {
		name := in.owner().ObjectName(*next)
		taken := func(r cloud.Range) bool { return r.Name == name }
		if !slices.ContainsFunc(s.Ranges, taken) && !slices.ContainsFunc(had, taken) {
			*next++
			return name
		}
	}
}
