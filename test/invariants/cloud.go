package invariants

import (
	"net/netip"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Machine is what the cloud shows of one.
type Machine struct {
	Name       string
	ProviderID string // as its Node has it
	IP         netip.Addr
	Subnet     string // of its first interface
	Type       string // where that bounds what it carries
	Carried    []Piece
	// Own are pods' parts of what its interface has without our doing.
	Own []netip.Prefix
	// Single are the addresses in the subnets' own blocks that it holds one by
	// one, where ranges lie inside these.
	Single []netip.Prefix
}

// Piece is a prefix that a machine's interface carries.
type Piece struct {
	Prefix netip.Prefix
	Range  string // that it is drawn from
	Ours   bool   // the range is
}

// Prefixes are what it carries.
func (m Machine) Prefixes() (out []netip.Prefix) {
	for _, p := range m.Carried {
		out = append(out, p.Prefix)
	}
	return out
}

// Subnet is what the cloud shows of one, and of the ranges that belong to it.
type Subnet struct {
	Name    string
	Primary netip.Prefix
	Ours    bool
	Ranges  []Range
}

// Range is a secondary range or a reservation.
type Range struct {
	Name   string
	Prefix netip.Prefix
	Ours   bool
}

// Rule is a firewall rule.
type Rule struct {
	Network, Name string
	Ours          bool
}

// instanceOf is the Node's instance as a Machine is named: a provider ID of EC2
// may leave the zone to the Node's label.
func instanceOf(n corev1.Node) string {
	id := n.Spec.ProviderID
	if before, vm := path.Split(id); strings.Trim(strings.TrimPrefix(before, "aws:"), "/") == "" && vm != "" {
		return "aws:///" + n.Labels[corev1.LabelTopologyZone] + "/" + vm
	}
	return id
}
