// Package assign says which RangeRequest a node draws from, and how large a
// CIDR; and which addresses the objects of a cluster hold that the VPC knows
// nothing of. It is pure: the controllers that allocate and those that report
// ask it the same question and get the same answer.
package assign

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Candidates returns the Pods requests whose selector picks a node with these
// labels, in the order in which the node tries them. Only those with the
// most selector terms count, so that a range for some nodes is never spilled
// into the range for all; among them the oldest comes first, then the name
// decides. A request being deleted gives nothing to new nodes.
func Candidates(requests []v1alpha1.RangeRequest, nodeLabels labels.Labels) []*v1alpha1.RangeRequest {
	var out []*v1alpha1.RangeRequest
	most := 0
	for i := range requests {
		r := &requests[i]
		if r.Spec.Purpose != v1alpha1.Pods || !r.DeletionTimestamp.IsZero() || !Selects(r, nodeLabels) {
			continue
		}
		switch n := terms(r.Spec.NodeSelector); {
		case n > most:
			out, most = append(out[:0], r), n
		case n == most:
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *v1alpha1.RangeRequest) int {
		return cmp.Or(
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Selects reports whether the request's selector picks a node with these
// labels. A request without a selector picks every node; one whose selector
// does not parse picks none.
func Selects(r *v1alpha1.RangeRequest, nodeLabels labels.Labels) bool {
	if r.Spec.NodeSelector == nil {
		return true
	}
	selector, err := r.Spec.NodeSelector.Selector()
	return err == nil && selector.Matches(nodeLabels)
}

func terms(s *v1alpha1.LabelSelector) int {
	if s == nil {
		return 0
	}
	return len(s.MatchLabels) + len(s.MatchExpressions)
}

// Size is the range a node gets.
type Size struct {
	// Bits is the prefix length.
	Bits int
	// Undersized reports that the range holds fewer addresses than the node's
	// max pods.
	Undersized bool
	// Limited reports that the node's machine takes no larger range.
	Limited bool
	// Why says in words how the size came about.
	Why string
}

// Bounds are what the cloud says to the size of a node's range.
type Bounds struct {
	// PerPod is how many addresses a node gets for each of its max pods.
	PerPod int
	// Smallest is the length of the smallest range there is; 0 is any.
	Smallest int
	// Largest is the length of the largest range that the node's machine
	// takes, 0 where there is no such limit, and Limit says why.
	Largest int
	Limit   string
}

// NodeSize returns the size of the IPv4 range of a node with maxPods out of
// request r. A node that says no max pods has no size, and ok is false.
func NodeSize(r *v1alpha1.RangeRequest, maxPods int64, b Bounds) (size Size, ok bool) {
	fixed := r.Spec.NodePrefixLength
	switch {
	case fixed != nil && fixed.Type == intstr.Int:
		size = Size{Bits: int(fixed.IntVal), Why: fmt.Sprintf("nodePrefixLength is %d", fixed.IntVal)}
	case maxPods <= 0:
		return Size{}, false
	default:
		size = autoSize(r, maxPods, b)
	}
	if size.Bits < b.Largest {
		size = Size{Bits: b.Largest, Limited: true, Why: size.Why + ", and " + b.Limit}
	}
	size.Undersized = maxPods > 0 && holds(addressBits-size.Bits) < uint64(maxPods)
	return size, true
}

// addressBits is the width of the family that sizes are about.
const addressBits = 32

func autoSize(r *v1alpha1.RangeRequest, maxPods int64, b Bounds) Size {
	host := bits.Len64(uint64(maxPods)*uint64(b.PerPod) - 1) // ceil(log2)
	size := Size{Bits: addressBits - host, Why: fmt.Sprintf("%s, rounded up to a power of two", addresses(b.PerPod, maxPods))}
	if b.Smallest > 0 && size.Bits > b.Smallest {
		size = Size{Bits: b.Smallest, Why: fmt.Sprintf("%d pods need a /%d, and the smallest node CIDR is a /%d", maxPods, size.Bits, b.Smallest)}
	}
	if least := r.Spec.MinNodePrefixLength; least != nil && size.Bits < int(*least) {
		size = Size{Bits: int(*least), Why: fmt.Sprintf("%d pods need a /%d, and minNodePrefixLength allows a /%d", maxPods, size.Bits, *least)}
	}
	return size
}

func addresses(perPod int, maxPods int64) string {
	if perPod == 1 {
		return fmt.Sprintf("an address for each of %d pods", maxPods)
	}
	return fmt.Sprintf("%d addresses for each of %d pods", perPod, maxPods)
}

// Holds is how many addresses a range of that length has, and so how many pods
// fit at most.
func Holds(length int) uint64 { return holds(addressBits - length) }

// holds returns 2^hostBits, or the largest number where that is more.
func holds(hostBits int) uint64 {
	if hostBits < 0 {
		return 0
	}
	if hostBits >= 64 {
		return ^uint64(0)
	}
	return 1 << hostBits
}
