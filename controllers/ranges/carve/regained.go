package carve

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// A range that is attached by routes carries no mark, and is in the status
// alone. Where that was lost, the ranges that Nodes publish show where it was,
// if routes lead to just those.

// regained returns the ranges of a request by routes that lost its status: the
// first of the size that it asks for, the others of that of growth, each
// around a Node's range that lies in none before.
func (in Input) regained() (out []cloud.Range) {
	if !in.routed() || len(in.Request.Status.Ranges) > 0 || len(in.Request.Spec.CIDRs) > 0 {
		return nil
	}
	lengths := in.lengths()
	for _, p := range in.publishedByRoute() {
		block := netip.PrefixFrom(p.Addr(), lengths[min(len(out), 1)]).Masked()
		if len(prefix.Overlapping(prefixesOf(out), p)) > 0 {
			continue
		}
		if block.Bits() <= p.Bits() && in.isOurs(block, out) {
			out = append(out, cloud.Range{Prefix: block, Name: in.owner().ObjectName(len(out))})
		}
	}
	return out
}

// lengths are those of the first range and of further ones.
func (in Input) lengths() [2]int {
	ask := in.ask()
	first := ask.PrefixLength
	if ask.Capacity != nil {
		first, _ = plan.RangeLength(ask.Capacity.Nodes, ask.NodeLength)
	}
	further := first
	if g := in.Request.Spec.Growth; g != nil && g.PrefixLength != nil {
		further = int(*g.PrefixLength)
	}
	return [2]int{first, further}
}

// publishedByRoute are the ranges of Nodes of this request to which routes
// lead, in order.
func (in Input) publishedByRoute() (out []netip.Prefix) {
	for _, n := range in.Nodes {
		if !in.drawsHere(n) {
			continue
		}
		for _, p := range v1alpha1.ParseCIDRs(n.Spec.PodCIDRs) {
			if p.Bits() == in.ask().NodeLength && slices.ContainsFunc(in.Snapshot.Occupied, func(o cloud.Occupied) bool {
				return o.Kind == cloud.StaticRoute && o.Prefix == p
			}) {
				out = append(out, p)
			}
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return out
}

// drawsHere reports Nodes that draw from this request first, among those that
// lost their status as it did.
func (in Input) drawsHere(n *corev1.Node) bool {
	for _, r := range assign.Candidates(in.Others, assign.LabelsOf(n)) {
		if IsRouted(r) && len(r.Status.Ranges) == 0 {
			return r.Name == in.Request.Name
		}
	}
	return false
}

// isOurs is true for a block that may be the request's: nobody else has it.
func (in Input) isOurs(p netip.Prefix, had []cloud.Range) bool {
	taken := slices.Concat(in.Snapshot.Blocks, prefixesOf(had))
	for _, o := range in.Others {
		if o.Name != in.Request.Name {
			taken = append(taken, v1alpha1.Prefixes(o.Status.Ranges)...)
		}
	}
	for _, b := range in.Services {
		taken = append(taken, b.Prefix)
	}
	return prefix.Within(v1alpha1.ParseCIDRs(in.Network.Spec.Supernets), p) && len(prefix.Overlapping(taken, p)) == 0
}

func prefixesOf(ranges []cloud.Range) (out []netip.Prefix) {
	for _, r := range ranges {
		out = append(out, r.Prefix)
	}
	return out
}
