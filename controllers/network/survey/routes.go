package survey

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// RouteRange is the kind of a range of which routes lead to nodes: nothing in
// the VPC reserves it but those routes.
const RouteRange = "RouteRange"

type routeRange struct {
	prefix netip.Prefix
	block  v1alpha1.OccupiedBlock
}

// routeRanges are those granted out of the Network.
func routeRanges(network string, requests []v1alpha1.RangeRequest) (out []routeRange) {
	for _, r := range requests {
		if r.NetworkName() != network || r.Spec.Attachment != v1alpha1.AttachRoutes {
			continue
		}
		for _, g := range r.Status.Ranges {
			if p, ok := g.Prefix(); ok {
				out = append(out, routeRange{p, v1alpha1.OccupiedBlock{CIDR: g.CIDR, Kind: RouteRange, Name: g.Name, Owner: "RangeRequest " + r.Name}})
			}
		}
	}
	return out
}
