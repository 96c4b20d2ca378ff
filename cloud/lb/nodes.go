package lb

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// NodeSet is a named set of nodes that balancers share.
type NodeSet struct {
	ClusterID, Name string
	Nodes           []Node
	// Takes is how many of the nodes each owner's balancer sends to, all where it
	// is 0. One that is not in it is not known yet: its pools get no further
	// nodes. All take all where it is nil.
	Takes map[cloud.Owner]int
	// Load is how many pools hold a member.
	Load map[string]int
}

// WithNodes is the balancer with the nodes of each of its backends, by name.
func (b LoadBalancer) WithNodes(of func(backend string) NodeSet) LoadBalancer {
	b.Backends = maps.Clone(b.Backends)
	for name, to := range b.Backends {
		to.Nodes = of(name)
		b.Backends[name] = to
	}
	return b
}

// NodeSets are those that its backends send to, each once.
func (b LoadBalancer) NodeSets() (out []NodeSet) {
	for _, to := range b.Backends {
		if !slices.ContainsFunc(out, func(s NodeSet) bool { return s.Name == to.Nodes.Name }) {
			out = append(out, to.Nodes)
		}
	}
	slices.SortFunc(out, func(x, y NodeSet) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// Owner is the owner of what carries the set in the cloud.
func (s NodeSet) Owner() cloud.Owner { return SetOwner(s.ClusterID, s.Name) }

// KindNodeSet is the owner's kind of what balancers share.
const KindNodeSet = "NodeSet"

// SetOwner is the owner of the set of that name.
func SetOwner(clusterID, name string) cloud.Owner {
	return cloud.Owner{ClusterID: clusterID, Kind: KindNodeSet, Name: name}
}

// Zones are the zones that have nodes, in order.
func (s NodeSet) Zones() []string {
	var out []string
	for _, n := range s.Nodes {
		out = append(out, n.Zone)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Node is a machine that balancers may send to.
type Node struct {
	// ProviderID is Node.spec.providerID.
	ProviderID string
	Zone       string
	// Subnet is the subnet of the interface that carries Addresses, as
	// [cloud.Interface.Subnet] has it; it may be empty where nodes have only
	// one.
	Subnet string
	// Addresses are the node's own in the VPC, at most one of a family.
	Addresses []netip.Addr
}
