package invariants

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// EC2Subnet is a subnet of EC2 with its CIDR reservations. A reservation of
// ours has its name as its description.
func EC2Subnet(name string, primary netip.Prefix, reservations []awssim.Reservation) Subnet {
	out := Subnet{Name: name, Primary: primary}
	for _, r := range reservations {
		out.Ranges = append(out.Ranges, EC2Range(r))
	}
	return out
}

// EC2Range is a subnet CIDR reservation.
func EC2Range(r awssim.Reservation) Range {
	switch {
	case named(r.Description):
		return Range{Name: r.Description, Prefix: r.Prefix, Ours: true}
	case r.Tags["Name"] != "":
		return Range{Name: r.Tags["Name"], Prefix: r.Prefix}
	}
	return Range{Name: r.ID, Prefix: r.Prefix}
}

// EC2Machine is an instance of EC2. Prefixes of /28 side by side are one
// piece, as far as one prefix can say them.
func EC2Machine(i awssim.Instance, subnets []Subnet) Machine {
	m := Machine{Name: i.Tags["Name"], Type: i.Type, ProviderID: "aws:///" + i.Zone + "/" + i.ID}
	if len(i.Interfaces) > 0 {
		m.Subnet = i.Interfaces[0].Subnet
	}
	if len(i.Interfaces) > 0 {
		m.IP = i.Interfaces[0].IP
	}
	for _, nic := range i.Interfaces {
		for _, a := range append(slices.Clone(nic.Secondary), nic.IP) {
			m.Single = append(m.Single, netip.PrefixFrom(a, a.BitLen()))
		}
		var b netipx.IPSetBuilder
		for _, p := range slices.Concat(nic.Prefixes, nic.IPv6) {
			b.AddPrefix(p)
		}
		set, _ := b.IPSet() // fails only for prefixes that are not valid
		for _, p := range set.Prefixes() {
			m.Carried = append(m.Carried, piece(p, subnets))
		}
	}
	return m
}

// piece tells out of which range a prefix is.
func piece(p netip.Prefix, subnets []Subnet) Piece {
	for _, s := range subnets {
		for _, r := range s.Ranges {
			if r.Prefix.Overlaps(p) && r.Prefix.Bits() <= p.Bits() {
				return Piece{Prefix: p, Range: r.Name, Ours: r.Ours}
			}
		}
	}
	return Piece{Prefix: p}
}
