package network

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// kindServiceCIDR is the kind of a block that ClusterIPs come out of and that
// is not reserved in the VPC.
const kindServiceCIDR cloud.Kind = "ServiceCIDR"

// ServiceCIDR is one family of a ServiceCIDR object.
type ServiceCIDR struct {
	Name   string
	Prefix netip.Prefix
}

// withServices adds the ServiceCIDRs to what is occupied, but for those that
// the VPC has a block of: that tells more.
func withServices(s cloud.Snapshot, cidrs []ServiceCIDR) cloud.Snapshot {
	out := slices.Clone(s.Occupied)
	for _, x := range cidrs {
		if !slices.ContainsFunc(s.Occupied, func(o cloud.Occupied) bool { return o.Prefix == x.Prefix }) {
			out = append(out, cloud.Occupied{Prefix: x.Prefix, Kind: kindServiceCIDR, Name: x.Name})
		}
	}
	s.Occupied = out
	return s
}
