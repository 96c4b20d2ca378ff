package resolve

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Machines finds the Node that an address is on: by the Nodes' podCIDRs, and by
// their own addresses, which pods of the host's network have. Which Node a slice
// names does not count: whoever writes slices by hand could name any.
type Machines struct {
	by   map[netip.Prefix]*corev1.Node
	bits []int // the prefix lengths that occur, longest first
}

// IndexMachines indexes Nodes, which must not be changed afterwards.
func IndexMachines(nodes []*corev1.Node) Machines {
	m := Machines{by: make(map[netip.Prefix]*corev1.Node, 2*len(nodes))}
	add := func(p netip.Prefix, n *corev1.Node) {
		if had := m.by[p]; had == nil || newer(n, had) {
			m.by[p] = n
		}
		if !slices.Contains(m.bits, p.Bits()) {
			m.bits = append(m.bits, p.Bits())
		}
	}
	for _, n := range nodes {
		for _, text := range n.Spec.PodCIDRs {
			if p, err := netip.ParsePrefix(text); err == nil {
				add(p.Masked(), n)
			}
		}
		for _, a := range n.Status.Addresses {
			if ip, err := netip.ParseAddr(a.Address); err == nil && a.Type == corev1.NodeInternalIP {
				add(netip.PrefixFrom(ip, ip.BitLen()), n)
			}
		}
	}
	slices.SortFunc(m.bits, func(a, b int) int { return b - a })
	return m
}

// newer reports whether of two Nodes with one address it is n that has it: the
// machine of the other is gone, or about to go. It is the same whatever their
// order, or endpoints would move from one to the other.
func newer(n, had *corev1.Node) bool {
	if leaves, left := !n.DeletionTimestamp.IsZero(), !had.DeletionTimestamp.IsZero(); leaves != left {
		return left
	}
	return cmp.Or(n.CreationTimestamp.Compare(had.CreationTimestamp.Time), strings.Compare(n.Name, had.Name)) > 0
}

// Of is the Node that an address is on; nil where it is on none.
func (m Machines) Of(a netip.Addr) *corev1.Node {
	for _, bits := range m.bits {
		if p, err := a.Prefix(bits); err == nil && m.by[p] != nil {
			return m.by[p]
		}
	}
	return nil
}
