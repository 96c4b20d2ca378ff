package masquerade

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// private is space that no address of the internet lies in: RFC 1918, 6598
// and 4193, and what else GKE leaves alone by default.
// Source: cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("fc00::/7"),
}

// Native are the destinations for which a pod keeps its own address: they
// know the way back to it. Those are
//
//   - every range of the network's subnets, whoever made it, the blocks in
//     which a subnet may be made at any time (EC2), and what was granted to
//     requests, also before the VPC shows it;
//   - what peered networks have, and the blocks reserved for services behind
//     a peering: a peering carries the routes of our subnets to the other
//     side;
//   - what static and learned routes lead to, inside private space: an office
//     behind a VPN. A route to an address of the internet leads there through somebody's
//     appliance, and there a pod's address means nothing.
//
// IPv6 destinations are for clusters whose pods have such addresses, out of
// ranges or out of their nodes' interfaces: an agent
// that is not told to handle IPv6 refuses the whole list.
func Native(snapshots []cloud.Snapshot, requests []v1alpha1.RangeRequest) []netip.Prefix {
	var all []netip.Prefix
	six := false
	for _, s := range snapshots {
		all = append(all, s.Blocks...)
		for _, o := range s.Occupied {
			if isNative(o) {
				all = append(all, o.Prefix)
			}
		}
	}
	for i := range requests {
		spec := requests[i].Spec
		granted := v1alpha1.Prefixes(requests[i].Status.Granted())
		all = append(all, granted...)
		six = six || len(granted) > 0 && spec.Purpose == v1alpha1.Pods && slices.Contains(spec.IPFamilies, v1alpha1.IPv6)
	}
	var out []netip.Prefix
	for _, p := range prefix.Normalise(all) {
		if p.Addr().Is4() || six {
			out = append(out, p)
		}
	}
	return out
}

func isNative(o cloud.Occupied) bool {
	switch o.Kind {
	case cloud.SubnetPrimary, cloud.SecondaryRange, cloud.ProxyOnly, cloud.PeeringRoute, cloud.Reservation:
		return true
	case cloud.StaticRoute, cloud.DynamicRoute:
		return prefix.Within(private, o.Prefix)
	}
	return false // prohibited, or what a cloud may come to know and we do not
}
