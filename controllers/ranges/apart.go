package ranges

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// apart tells whether the request's ranges are in our books only, as the VPC
// has nothing to reserve addresses for ClusterIPs with.
func (in Input) apart() bool {
	return in.Request.Spec.Purpose == v1alpha1.Services && in.Snapshot.Traits.NoServices
}

// servicesApart plans ranges for ClusterIPs that are in no subnet. What we
// choose keeps clear of the VPC's own blocks, since nothing there would keep a
// subnet from being made over it; a block that the request names keeps clear
// of what is there now.
func (in Input) servicesApart() ([]Step, *Refusal) {
	if len(in.Request.Spec.Subnets) > 0 {
		return nil, refuse(v1alpha1.ReasonUnknownSubnet, "a range for Services is in no subnet of this cloud, and subnets names %v; leave subnets out", in.Request.Spec.Subnets)
	}
	return in.subnet(cloud.Subnet{}, nil)
}

// ofVPC are the VPC's own blocks, in which no range is chosen.
func (in Input) ofVPC() (out []plan.Occupied) {
	if !in.apart() {
		return nil
	}
	for _, p := range in.Snapshot.Blocks {
		out = append(out, plan.Occupied{Prefix: p, What: "a block of the VPC", Why: "a subnet may be made there at any time"})
	}
	return out
}

// served adds what the request has by a ServiceCIDR that was made for it,
// where the status was lost.
func (in Input) served(had []cloud.Range) []cloud.Range {
	for _, b := range in.Services {
		known := slices.ContainsFunc(had, func(r cloud.Range) bool { return r.Prefix == b.Prefix })
		if b.Request == in.Request.Name && !known {
			had = append(had, cloud.Range{Prefix: b.Prefix, Name: in.owner().ObjectName(len(had))})
		}
	}
	return had
}

// overlaid tells of a range in our books only that something was made over.
func (in Input) overlaid(p netip.Prefix) *Refusal {
	for _, o := range in.Snapshot.Occupied {
		if o.Prefix.Overlaps(p) {
			return refuse(v1alpha1.ReasonOverlap, "range %s for ClusterIPs: %s %s (%s) lies over it, and a ClusterIP may come to be an address of that; remove it, or make this request anew",
				p, o.Kind, o.Name, o.Prefix)
		}
	}
	return nil
}
