package carve

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

const (
	// maxSizes is how many sizes of nodes' ranges a forecast speaks of.
	maxSizes = 4
	// maxLargest is how many of the largest free blocks the status names.
	maxLargest = 4
)

// Forecast returns how many nodes still fit, of each of the sizes seen lately,
// and the largest free blocks. What is quarantined counts as free, since it
// soon is; ranges that are leaving do not count. It is pure.
func Forecast(r *v1alpha1.RangeRequest, u Use) (room []v1alpha1.Room, largest []string) {
	if r.Spec.Purpose != v1alpha1.Pods {
		return nil, nil
	}
	free := prefix.Free(v1alpha1.Prefixes(staying(r.Status.Ranges)), slices.Concat(u.Held, u.Barred))
	slices.SortFunc(free, func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), prefix.Compare(a, b))
	})
	for _, p := range free[:min(len(free), maxLargest)] {
		largest = append(largest, p.String())
	}
	if len(r.Status.Granted()) == 0 {
		return nil, nil
	}
	for _, bits := range sizes(r, u) {
		var all, most prefix.Count
		for _, p := range free {
			fits := plan.Nodes(p.Bits(), bits)
			all = all.Add(fits)
			if fits.Cmp(most) > 0 {
				most = fits
			}
		}
		nodes, block := whole(all), whole(most)
		if t := r.Status.Routes; t != nil { // a node that has a range has its route
			left := max(0, int64(t.Limit)-int64(t.Others)-int64(len(u.Nodes)))
			nodes, block = min(nodes, left), min(block, left)
		}
		room = append(room, v1alpha1.Room{PrefixLength: int32(bits), Nodes: nodes, LargestBlock: block})
	}
	return room, largest
}

// sizes returns the sizes seen, the most frequent first, the larger range among
// equals; where none was seen yet, the one that every node is to get.
func sizes(r *v1alpha1.RangeRequest, u Use) []int {
	seen := slices.SortedFunc(maps.Keys(u.Sizes), func(a, b int) int {
		return cmp.Or(cmp.Compare(u.Sizes[b], u.Sizes[a]), cmp.Compare(a, b))
	})
	if n := r.Spec.NodePrefixLength; len(seen) == 0 && n != nil && n.Type == intstr.Int {
		return []int{int(n.IntVal)}
	}
	return seen[:min(len(seen), maxSizes)]
}

// staying leaves out the ranges that are being reclaimed, and those that are
// claimed.
func staying(granted []v1alpha1.GrantedRange) []v1alpha1.GrantedRange {
	return slices.DeleteFunc(slices.Clone(granted), func(g v1alpha1.GrantedRange) bool { return g.Leaving || g.Claimed() })
}

// whole bounds a count to what the status can say.
func whole(c prefix.Count) int64 {
	if c.Cmp(prefix.NewCount(math.MaxInt64)) > 0 {
		return math.MaxInt64
	}
	return int64(c.Uint64())
}
