package firewall

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

const (
	// ownerKind is the kind in the ownership marks of rules.
	ownerKind = "Network"
	// priority is the clouds' own default: a person can go before it or
	// after it.
	priority = 1000
)

// families in the order of the rules' numbers.
var families = []prefix.Family{prefix.IPv4, prefix.IPv6}

func owner(clusterID, network string) cloud.Owner {
	return cloud.Owner{ClusterID: clusterID, Kind: ownerKind, Name: network}
}

// Neighbour is another Network of the same VPC, whose pods talk to this one's.
type Neighbour struct {
	Network string
	// Subnets are its node subnets, where its pods have IPv6 out of them.
	Subnets []cloud.Subnet
}

// Flows are the traffic that comes in to a Network's pods and nodes, a family
// each; a family without pod ranges has none. Pods talk to pods and to nodes,
// which are in the node subnets; what else is in the VPC is somebody else's to
// open. It comes from the pods of all Networks of the VPC, since they are of one
// cluster; what goes out to another Network's comes in there.
//
// Pods with IPv6 have it out of their node's interface, anywhere in the
// subnet's own IPv6 range: that is the source.
func Flows(network string, requests []v1alpha1.RangeRequest, s cloud.Snapshot, beside ...Neighbour) map[prefix.Family]Traffic {
	pods, from, nodes := byFamily{}, byFamily{}, byFamily{}
	pods.add(podRanges(network, requests)...)
	pods.add(podIPv6(network, requests, s.Subnets)...)
	for _, other := range beside {
		from.add(podRanges(other.Network, requests)...)
		from.add(podIPv6(other.Network, requests, other.Subnets)...)
	}
	for _, subnet := range s.Subnets {
		if subnet.Primary.IsValid() {
			nodes.add(subnet.Primary)
		}
		nodes.add(subnet.IPv6...)
	}
	out := map[prefix.Family]Traffic{}
	for f, ranges := range pods {
		out[f] = Traffic{Sources: prefix.Normalise(append(from[f], ranges...)), Destinations: prefix.Normalise(append(nodes[f], ranges...))}
	}
	return out
}

type byFamily map[prefix.Family][]netip.Prefix

func (b byFamily) add(list ...netip.Prefix) {
	for _, p := range list {
		b[prefix.FamilyOf(p)] = append(b[prefix.FamilyOf(p)], p)
	}
}

// podIPv6 are the IPv6 ranges of the subnets in which pods of the Network have
// IPv6.
func podIPv6(network string, requests []v1alpha1.RangeRequest, subnets []cloud.Subnet) (out []netip.Prefix) {
	for _, subnet := range subnets {
		if hasIPv6Pods(network, requests, subnet.Name) {
			out = append(out, subnet.IPv6...)
		}
	}
	return out
}

// podRanges are the ranges granted to the Network's requests for pods.
func podRanges(network string, requests []v1alpha1.RangeRequest) (out []netip.Prefix) {
	for i := range requests {
		r := &requests[i]
		if r.Spec.Purpose != v1alpha1.Pods || r.NetworkName() != network {
			continue
		}
		out = append(out, v1alpha1.Prefixes(r.Status.Granted())...)
	}
	return out
}

// hasIPv6Pods reports whether pods of the Network have IPv6 in the subnet.
func hasIPv6Pods(network string, requests []v1alpha1.RangeRequest, subnet string) bool {
	return slices.ContainsFunc(requests, func(r v1alpha1.RangeRequest) bool {
		return r.Spec.Purpose == v1alpha1.Pods && r.NetworkName() == network && slices.Contains(r.Spec.IPFamilies, v1alpha1.IPv6) &&
			slices.ContainsFunc(r.Status.Granted(), func(g v1alpha1.GrantedRange) bool { return g.Subnet == subnet })
	})
}

// Rule is the one that lets the traffic in. It goes by addresses: marks of
// the sending machine do not match addresses of pods.
func Rule(o cloud.Owner, f prefix.Family, t Traffic) cloud.FirewallRule {
	return cloud.FirewallRule{
		Name: o.ObjectName(index(f)), Description: o.Description(), Priority: priority,
		Sources: t.Sources, Destinations: t.Destinations, Protocols: []cloud.Protocol{{Name: "all"}},
	}
}

// ByHand is the same rule for a person to make. It does not carry our mark,
// since it is not ours to delete.
func ByHand(network string, f prefix.Family, t Traffic) cloud.FirewallRule {
	r := Rule(cloud.Owner{}, f, t)
	r.Description = ""
	if network = strings.ReplaceAll(network, ".", "-"); len(network) > maxNamePart {
		network = strings.TrimRight(network[:maxNamePart], "-")
	}
	r.Name = "allow-pods-of-" + network + "-" + strings.ToLower(f.String())
	return r
}

// maxNamePart keeps the name within 63 characters.
const maxNamePart = 40

func index(f prefix.Family) int {
	if f == prefix.IPv6 {
		return 1
	}
	return 0
}
