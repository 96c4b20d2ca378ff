package plan

import (
	"fmt"
	"math/bits"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Capacity is a size said as nodes and pods.
type Capacity struct {
	Nodes  int
	Pods   int // per node
	Factor int // addresses per pod: 2 where addresses must rest between two pods (GKE), 1 on AWS; 0 stands for 2
	Least  int // length of the smallest range that a node can have, such as 28; 0 is any
	// LeastRange is the length of the smallest range that there can be; 0 is any.
	LeastRange int
}

// SizeError is a size that makes no sense or does not fit in an address.
type SizeError struct{ Detail string }

func (e *SizeError) Error() string { return e.Detail }

// Reason is always InvalidSize.
func (e *SizeError) Reason() Reason { return InvalidSize }

// log2 is ceil(log2(n)) for n >= 1.
func log2(n uint64) int { return bits.Len64(n - 1) }

func (c Capacity) factor() int {
	if c.Factor == 0 {
		return 2
	}
	return c.Factor
}

// NodeLength is the prefix length of a node's range that carries a number of pods.
func NodeLength(f prefix.Family, pods, factor int) (int, error) {
	if pods < 1 || factor < 1 {
		return 0, &SizeError{fmt.Sprintf("sizing a node's range for %d pods at %d addresses each: both must be at least 1", pods, factor)}
	}
	hi, need := bits.Mul64(uint64(pods), uint64(factor))
	if hi != 0 || log2(need) > f.Width() {
		return 0, &SizeError{fmt.Sprintf("sizing a node's range for %d pods at %d addresses each: %s has no range that large", pods, factor, f)}
	}
	return f.Width() - log2(need), nil
}

// RangeLength is the prefix length of a range that feeds a number of nodes.
func RangeLength(nodes, nodeLength int) (int, error) {
	if nodes < 1 {
		return 0, &SizeError{fmt.Sprintf("sizing a range for %d nodes: there must be at least 1", nodes)}
	}
	length := nodeLength - log2(uint64(nodes))
	if length < 0 {
		return 0, &SizeError{fmt.Sprintf("sizing a range for %d nodes with a /%d each: no range is that large", nodes, nodeLength)}
	}
	return length, nil
}

// Length is the prefix length of a range of this capacity, and that of a node's range in it.
func (c Capacity) Length(f prefix.Family) (rangeLength, nodeLength int, err error) {
	if nodeLength, err = NodeLength(f, c.Pods, c.factor()); err != nil {
		return 0, 0, err
	}
	if c.Least > 0 {
		nodeLength = min(nodeLength, c.Least)
	}
	rangeLength, err = RangeLength(c.Nodes, nodeLength)
	if c.LeastRange > 0 {
		rangeLength = min(rangeLength, c.LeastRange)
	}
	return rangeLength, nodeLength, err
}

// Nodes is how many nodes a range feeds: none, where a node's range is larger than it.
func Nodes(rangeLength, nodeLength int) prefix.Count {
	if nodeLength < rangeLength {
		return prefix.Count{}
	}
	return prefix.Blocks(1, nodeLength, rangeLength) // 2^(nodeLength-rangeLength)
}

// Pods is how many pods a node's range carries.
func Pods(f prefix.Family, nodeLength, factor int) uint64 {
	if nodeLength > f.Width() || nodeLength < 0 || factor < 1 {
		return 0
	}
	return prefix.Blocks(1, f.Width(), nodeLength).Uint64() / uint64(factor)
}
