// Package survey says of a snapshot of a VPC what of it lies in a Network's
// supernets, whose it is, and what is free. It is pure.
package survey

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

const (
	// maxOccupied bounds the blocks listed in the status, which has to fit
	// in an object of the API server.
	maxOccupied = 1000
	// maxLargest bounds the free blocks listed for a family.
	maxLargest = 8
)

// Survey is what a Network's status says of its VPC.
type Survey struct {
	Occupied []v1alpha1.OccupiedBlock
	Count    int32
	Free     []v1alpha1.FreeSpace
	Summary  string
	// FreeAddresses are by family, for metrics.
	FreeAddresses map[string]float64
	// Subnets are the node subnets, where ranges lie inside their blocks.
	Subnets []v1alpha1.SubnetSpace
	// Blocks are the VPC's own, and Routes is the room for routes to nodes,
	// where there are such.
	Blocks []string
	Routes *v1alpha1.RouteRoom
	// Outside are the granted ranges that the supernets do not hold.
	Outside []Outside
	// Reserved are the reserved blocks that lie over granted ranges.
	Reserved []Reserved
	// Unseen is what could not be read of the VPC.
	Unseen []cloud.Unseen
}

// Around is what the cluster's objects tell of the VPC.
type Around struct {
	Requests []v1alpha1.RangeRequest
	Nodes    []*corev1.Node
	// ServiceCIDRs are the ClusterIP ranges, which nothing is carved from either.
	ServiceCIDRs []ServiceCIDR
	// Beside are the other Networks of the same VPC.
	Beside []v1alpha1.Network
}

// Take says what of the snapshot lies in the supernets, whose it is, and what
// is free. It is pure.
func Take(n *v1alpha1.Network, s cloud.Snapshot, around Around, clusterID string) (Survey, error) {
	spec, requests := n.Spec, around.Requests
	supernets, err := parse(spec.Supernets)
	if err != nil {
		return Survey{}, fmt.Errorf("reading supernets: %w", err)
	}
	s = withCluster(s, around)
	occupied, blocks, err := occupied(n.Name, spec, s, around, clusterID)
	if err != nil {
		return Survey{}, err
	}
	out := Survey{FreeAddresses: map[string]float64{}, Outside: outside(n.Name, supernets, requests), Reserved: reservedInUse(n, around), Unseen: s.Unseen}
	for i, p := range occupied {
		if len(prefix.Overlapping(supernets, p)) == 0 {
			continue
		}
		out.Count++
		if len(out.Occupied) < maxOccupied {
			out.Occupied = append(out.Occupied, blocks[i])
		}
	}
	taken := occupied
	if s.Traits.Inside {
		taken = inBlocks(occupied, s)
		out.Subnets = subnetSpaces(s, supernets, taken)
		for i, x := range out.Subnets {
			if x.Made != "" {
				out.Subnets[i].Owner = Owner(cloud.ParseMark(x.Made), requests, clusterID)
			}
		}
	}
	for _, family := range []prefix.Family{prefix.IPv4, prefix.IPv6} {
		parents := only(supernets, family)
		if len(parents) == 0 {
			continue
		}
		free := freeSpace(family, parents, only(taken, family))
		out.Free = append(out.Free, free)
		out.FreeAddresses[free.Family] = prefix.Total(prefix.Free(parents, only(taken, family))).Float64()
	}
	for _, p := range s.Blocks {
		out.Blocks = append(out.Blocks, p.String())
	}
	if r := s.Routes; r != nil {
		out.Routes = &v1alpha1.RouteRoom{Table: r.Table, Limit: int32(r.Limit), Used: int32(r.Used)}
	}
	out.Summary = fmt.Sprintf("%d blocks in use inside the supernets", out.Count)
	if len(s.Around) > 0 {
		out.Summary += "; " + LeadAround(s.Around)
	}
	return out, nil
}

func occupied(network string, spec v1alpha1.NetworkSpec, s cloud.Snapshot, around Around, clusterID string) ([]netip.Prefix, []v1alpha1.OccupiedBlock, error) {
	requests := around.Requests
	type entry struct {
		p netip.Prefix
		b v1alpha1.OccupiedBlock
	}
	var entries []entry
	for _, r := range spec.Reserved {
		p, err := netip.ParsePrefix(string(r.CIDR))
		if err != nil {
			return nil, nil, fmt.Errorf("reading reserved: %w", err)
		}
		entries = append(entries, entry{p, v1alpha1.OccupiedBlock{CIDR: p.String(), Kind: "Reserved", Name: r.Reason}})
	}
	for _, r := range assign.ReservedBy(around.Beside...) {
		entries = append(entries, entry{r.Prefix, v1alpha1.OccupiedBlock{CIDR: r.Prefix.String(), Kind: "Reserved", Name: r.Reason, Owner: "Network " + r.Network}})
	}
	led := routeRanges(network, requests)
	for _, x := range led {
		entries = append(entries, entry{x.prefix, x.block})
	}
	for _, o := range s.Occupied {
		if o.Kind == cloud.StaticRoute && slices.ContainsFunc(led, func(x routeRange) bool { return prefix.Contains(x.prefix, o.Prefix) }) {
			continue
		}
		entries = append(entries, entry{o.Prefix, v1alpha1.OccupiedBlock{
			CIDR: o.Prefix.String(), Kind: string(o.Kind), Name: o.Name, Owner: Owner(o.Mark, requests, clusterID)}})
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(prefix.Compare(a.p, b.p), cmp.Compare(a.b.Kind, b.b.Kind), cmp.Compare(a.b.Name, b.b.Name))
	})
	var ps []netip.Prefix
	var bs []v1alpha1.OccupiedBlock
	for _, e := range entries {
		ps, bs = append(ps, e.p), append(bs, e.b)
	}
	return ps, bs, nil
}

// Owner says in words whose mark it is: of this cluster's requests by name, of
// another cluster's by what the mark tells.
func Owner(m cloud.Mark, requests []v1alpha1.RangeRequest, clusterID string) string {
	switch {
	case m.IsZero():
		return ""
	case !m.OfCluster(clusterID):
		return fmt.Sprintf("RangeRequest %q of another vpcnative cluster (mark %s)", m.Name, m.Cluster)
	}
	for _, r := range requests {
		if m.Of(cloud.Owner{ClusterID: clusterID, Kind: "RangeRequest", Name: r.Name}) {
			return "RangeRequest " + r.Name
		}
	}
	return fmt.Sprintf("RangeRequest %q of this cluster, which no longer exists", m.Name)
}

func freeSpace(family prefix.Family, parents, occupied []netip.Prefix) v1alpha1.FreeSpace {
	blocks := prefix.Free(parents, occupied)
	free := prefix.Total(blocks)
	out := v1alpha1.FreeSpace{Family: family.String(), Addresses: free.String()}
	if total := prefix.Total(prefix.Normalise(parents)); !total.IsZero() {
		out.Share = int32(100 * free.Float64() / total.Float64())
	}
	slices.SortStableFunc(blocks, func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), prefix.Compare(a, b))
	})
	for _, b := range blocks[:min(len(blocks), maxLargest)] {
		out.LargestBlocks = append(out.LargestBlocks, b.String())
	}
	return out
}

func only(ps []netip.Prefix, family prefix.Family) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(ps), func(p netip.Prefix) bool { return prefix.FamilyOf(p) != family })
}

func parse(cidrs []v1alpha1.CIDR) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, c := range cidrs {
		p, err := netip.ParsePrefix(string(c))
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
