package carve

import (
	"cmp"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Where a range lies inside a subnet's own block, a single address in use there
// keeps its whole node CIDR from every node: what is room is what can be attached.

// Unattachable returns the parts of the ranges in which no node can have a node CIDR,
// since something else than the node CIDRs that are held has an address there. It is
// pure.
func Unattachable(ranges []netip.Prefix, s cloud.Snapshot, held []netip.Prefix) (out []netip.Prefix) {
	if !s.Traits.Inside {
		return nil
	}
	for _, sub := range s.Subnets {
		for _, used := range prefix.Subtract(prefix.Intersect(prefix.Normalise(sub.Used), prefix.Normalise(ranges)), prefix.Normalise(held)) {
			out = append(out, nodeCIDR(used, s.Traits.Smallest))
		}
	}
	return prefix.Normalise(out)
}

// nodeCIDR is the smallest one that a node can have around an address.
func nodeCIDR(p netip.Prefix, smallest int) netip.Prefix {
	if smallest > 0 && p.Addr().Is4() {
		return netip.PrefixFrom(p.Addr(), min(p.Bits(), smallest)).Masked()
	}
	return p
}

// Feeds counts the nodes with a range of that length that the range has room
// for, those that hold a node CIDR of it among them. It is pure.
func Feeds(p netip.Prefix, length int, s cloud.Snapshot, held []netip.Prefix) prefix.Count {
	return fits(prefix.Free([]netip.Prefix{p}, Unattachable([]netip.Prefix{p}, s, held)), length)
}

func fits(free []netip.Prefix, length int) (n prefix.Count) {
	for _, p := range free {
		n = n.Add(plan.Nodes(p.Bits(), length))
	}
	return n
}

// nodeLength is how large a node's range is, or at least.
func (in Input) nodeLength() int {
	ask := in.ask()
	if ask.Capacity != nil && ask.NodeLength == 0 {
		_, ask.NodeLength, _ = ask.Capacity.Length(prefix.IPv4) // a size that does not exist is refused by itself
	}
	return cmp.Or(ask.NodeLength, in.smallest(), prefix.IPv4.Width())
}

// feeding leaves out a range that is not granted yet and in which no node can
// have a node CIDR, and reports it, and of one that is granted and has no node.
func (in Input) feeding(s cloud.Subnet, steps []Step) (out []Step, no *conditions.Refusal) {
	if !in.inside() || in.Request.Spec.Purpose != v1alpha1.Pods {
		return steps, nil
	}
	held := Published(in.Nodes)
	for _, step := range steps {
		p := step.Range.Prefix
		if len(prefix.Overlapping(held, p)) > 0 || !Feeds(p, in.nodeLength(), in.Snapshot, nil).IsZero() {
			out = append(out, step)
			continue
		}
		if in.Request.Status.Range(p) != nil {
			out = append(out, step)
		}
		no = conditions.Refuse(v1alpha1.ReasonNoSpace, "%s%s has room for no node: every /%d of it contains addresses in use (%s); delete or move what uses them, or choose another block",
			in.where(s), p, in.nodeLength(), conditions.List(prefix.Intersect(prefix.Normalise(s.Used), []netip.Prefix{p}), conditions.Few))
	}
	return out, no
}

// Published are the ranges that Nodes publish.
func Published(nodes []*corev1.Node) (out []netip.Prefix) {
	for _, n := range nodes {
		out = append(out, v1alpha1.ParseCIDRs(n.Spec.PodCIDRs)...)
	}
	return out
}

// without takes what cannot be attached out of what can be in use.
func (u *Use) Without(barred []netip.Prefix) {
	u.Barred = prefix.Subtract(barred, prefix.Normalise(u.Held))
	u.Usable = map[netip.Prefix]prefix.Count{}
	for p := range u.By {
		u.Usable[p] = prefix.Addresses(p).Sub(prefix.Total(prefix.Intersect([]netip.Prefix{p}, u.Barred)))
	}
}
