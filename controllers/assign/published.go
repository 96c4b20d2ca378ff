package assign

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Published is a block that a Node publishes as its podCIDR.
type Published struct {
	Prefix netip.Prefix
	Node   string
}

// PodCIDR is the kind of a block that a Node publishes outside of every
// granted range, such as an overlay gave it.
const PodCIDR = "PodCIDR"

// PublishedElsewhere returns, in order, what Nodes publish that lies in no granted
// range: what an overlay or another allocator gave them. Their Pods use it,
// whatever the VPC says of it.
func PublishedElsewhere(nodes []*corev1.Node, requests []v1alpha1.RangeRequest) (out []Published) {
	ranges := grantedTo(requests)
	for _, n := range nodes {
		for _, p := range podCIDRs(n) {
			if !slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return contains(r, p) }) {
				out = append(out, Published{p, n.Name})
			}
		}
	}
	slices.SortFunc(out, func(a, b Published) int {
		return cmp.Or(a.Prefix.Compare(b.Prefix), cmp.Compare(a.Node, b.Node))
	})
	return out
}

func podCIDRs(n *corev1.Node) (out []netip.Prefix) {
	texts := n.Spec.PodCIDRs
	if len(texts) == 0 && n.Spec.PodCIDR != "" {
		texts = []string{n.Spec.PodCIDR}
	}
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

func grantedTo(requests []v1alpha1.RangeRequest) (out []netip.Prefix) {
	for i := range requests {
		out = append(out, v1alpha1.Prefixes(requests[i].Status.Ranges)...)
	}
	return out
}

func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}
