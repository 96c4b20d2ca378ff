package survey

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// kindServiceCIDR is the kind of a block that ClusterIPs come out of and that
// is not reserved in the VPC.
const kindServiceCIDR cloud.Kind = "ServiceCIDR"

// ServiceCIDR is one family of a ServiceCIDR object.
type ServiceCIDR struct {
	Name   string
	Prefix netip.Prefix
}

// withCluster adds what the cluster's objects occupy: its ServiceCIDRs, unless
// the VPC has the same block and so more to tell of it, and the podCIDRs that
// Nodes publish outside of every granted range, such as an overlay's.
func withCluster(s cloud.Snapshot, around Around) cloud.Snapshot {
	out := slices.Clone(s.Occupied)
	for _, x := range around.ServiceCIDRs {
		if !slices.ContainsFunc(s.Occupied, func(o cloud.Occupied) bool { return o.Prefix == x.Prefix }) {
			out = append(out, cloud.Occupied{Prefix: x.Prefix, Kind: kindServiceCIDR, Name: x.Name})
		}
	}
	for _, x := range assign.PublishedElsewhere(around.Nodes, around.Requests) {
		at := cloud.Occupied{Prefix: x.Prefix, Kind: assign.PodCIDR, Name: x.Node}
		if !slices.Contains(out, at) { // a status may have told it
			out = append(out, at)
		}
	}
	s.Occupied = out
	return s
}
