package invariants

import (
	"net/netip"

	"go4.org/netipx"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// EC2Subnet is a subnet of EC2 with its CIDR reservations. A reservation of
// ours has its name as its description.
func EC2Subnet(name string, primary netip.Prefix, reservations []awssim.Reservation) Subnet {
	out := Subnet{Name: name, Primary: primary}
	for _, r := range reservations {
		one := Range{Name: r.ID, Prefix: r.Prefix}
		switch {
		case named(r.Description):
			one.Name, one.Ours = r.Description, true
		case r.Tags["Name"] != "":
			one.Name = r.Tags["Name"]
		}
		out.Ranges = append(out.Ranges, one)
	}
	return out
}

// EC2Machine is an instance of EC2. Prefixes of /28 side by side are one
// piece, as far as one prefix can say them.
func EC2Machine(i awssim.Instance, subnets []Subnet) Machine {
	m := Machine{Name: i.Tags["Name"], ProviderID: "aws:///" + i.Zone + "/" + i.ID}
	for _, nic := range i.Interfaces {
		var b netipx.IPSetBuilder
		for _, p := range nic.Prefixes {
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
