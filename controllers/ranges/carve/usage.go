package carve

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Use is how much of a request's ranges is in use, and by whom.
type Use struct {
	Capacity  prefix.Count
	Allocated prefix.Count
	// By is what is allocated in each range, and Usable what can be, where
	// that is less than its addresses.
	By, Usable map[netip.Prefix]prefix.Count
	// Nodes are the names of the Nodes that publish node CIDRs, Held these.
	Nodes []string
	Held  []netip.Prefix
	// Barred are the parts of the ranges in which nothing can be attached.
	Barred []netip.Prefix
	// Waiting counts the Nodes that wait for room here; RangeMissing reports
	// that one of them could not use the range at all, or no Service could.
	Waiting      int32
	RangeMissing bool
	// Sizes counts the prefix lengths of the node CIDRs that Nodes hold or wait
	// for.
	Sizes map[int]int
}

// Count returns how much of r's ranges the nodes use; all are all requests,
// among which a waiting node chooses, and t are their cloud's. It is pure.
func Count(r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest, nodes []*corev1.Node, t cloud.Traits) Use {
	u := UseOf(r)
	u.Sizes = map[int]int{}
	ranges := v1alpha1.Prefixes(r.Status.Granted())
	for _, n := range nodes {
		if len(n.Spec.PodCIDRs) == 0 {
			u.wait(n, r, all, t)
			continue
		}
		for _, p := range v1alpha1.ParseCIDRs(n.Spec.PodCIDRs) {
			at := slices.IndexFunc(ranges, func(q netip.Prefix) bool { return prefix.Contains(q, p) })
			if at >= 0 {
				u.Nodes, u.Held = append(u.Nodes, n.Name), append(u.Held, p)
				u.Allocated = u.Allocated.Add(prefix.Addresses(p))
				u.By[ranges[at]] = u.By[ranges[at]].Add(prefix.Addresses(p))
				u.Sizes[p.Bits()]++
				u.RangeMissing = u.RangeMissing || waitsFor(n) == v1alpha1.ReasonRangeMissing
			}
		}
	}
	slices.Sort(u.Nodes)
	return u
}

// waitsFor is the reason why the Node has no network; empty where it has one
// or says nothing.
func waitsFor(n *corev1.Node) string {
	for _, cond := range n.Status.Conditions {
		if cond.Type == corev1.NodeNetworkUnavailable && cond.Status == corev1.ConditionTrue {
			return cond.Reason
		}
	}
	return ""
}

// wait counts a Node without a range. Only want of room counts as waiting: one
// that waits because of a rival, or for its instance, would not be helped by
// more ranges.
func (u *Use) wait(n *corev1.Node, r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest, t cloud.Traits) {
	reason := waitsFor(n)
	if reason != v1alpha1.ReasonRangeExhausted && reason != v1alpha1.ReasonRangeMissing {
		return
	}
	for _, candidate := range assign.Candidates(all, assign.LabelsOf(n)) {
		if candidate.Name != r.Name {
			continue
		}
		if reason == v1alpha1.ReasonRangeMissing {
			u.RangeMissing = true
			continue
		}
		u.Waiting++
		if size, ok := assign.NodeSize(r, n.Status.Capacity.Pods().Value(), assign.Bounds{PerPod: t.PerPod(), Smallest: t.Smallest}); ok {
			u.Sizes[size.Bits]++
		}
	}
}

// usable is how many addresses of a range can be in use.
func (u Use) UsableOf(p netip.Prefix) prefix.Count {
	if n, ok := u.Usable[p]; ok {
		return n
	}
	return prefix.Addresses(p)
}

// Percent is the allocated part of the capacity, rounded up.
func (u Use) Percent() int32 { return percent(u.Allocated, u.Capacity) }

func percent(allocated, capacity prefix.Count) int32 {
	if capacity.IsZero() {
		return 0
	}
	share := 100 * allocated.Float64() / capacity.Float64()
	whole := int32(share)
	if share > float64(whole) {
		whole++
	}
	return whole
}

// useOf is the use of ranges of which nothing is in use.
func UseOf(r *v1alpha1.RangeRequest) Use {
	ranges := v1alpha1.Prefixes(r.Status.Granted())
	u := Use{Capacity: prefix.Total(ranges), By: make(map[netip.Prefix]prefix.Count, len(ranges))}
	for _, p := range ranges {
		u.By[p] = prefix.Count{}
	}
	return u
}
