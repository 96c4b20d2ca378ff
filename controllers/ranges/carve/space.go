package carve

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Making is a subnet that is to be made for new nodes.
type Making struct {
	// Record is the block that the subnet lies in, where the status does not
	// have it yet: that comes before anything is asked for, since a block
	// carries no mark.
	Record *v1alpha1.MadeBlock
	// In is the block that the subnet lies in, and Block the same where it is to
	// be associated first; it is not valid where the VPC has it.
	In, Block netip.Prefix
	Subnet    cloud.NewSubnet
	Why       string
}

// spaceSupported refuses new subnets that no range would lie in.
func (in Input) spaceSupported() *conditions.Refusal {
	if in.Request.Spec.NewSubnets == nil {
		return nil
	}
	if !in.Snapshot.Traits.Inside {
		return conditions.Refuse(v1alpha1.ReasonUnsupported, "newSubnets is not supported on this cloud, where ranges are added next to a subnet's own block; remove it")
	}
	most := int(in.Request.Spec.NewSubnets.SubnetPrefixLength) + 1
	if n := in.furtherLength(); n < most {
		return conditions.Refuse(string(plan.InvalidSize), "a range of /%d does not fit in a subnet of /%d next to the machines' own addresses; use ranges of /%d or smaller in growth.prefixLength, or larger subnets in newSubnets.subnetPrefixLength",
			n, in.Request.Spec.NewSubnets.SubnetPrefixLength, most)
	}
	return nil
}

// furtherLength is the length of the ranges that come after the first ones; it
// is 32 where the request says none.
func (in Input) furtherLength() int {
	ask := in.ask()
	switch g := in.Request.Spec.Growth; {
	case g != nil && g.PrefixLength != nil:
		return int(*g.PrefixLength)
	case ask.PrefixLength != 0:
		return ask.PrefixLength
	case ask.Capacity != nil:
		if n, _, err := ask.Capacity.Length(prefix.IPv4); err == nil {
			return n
		}
	}
	return prefix.IPv4.Width()
}

// FullZones returns the zones in which no subnet of the request has room: each
// is among the full ones, or has no range of the request at all. It is pure.
func FullZones(in Input, full []string) (zones []string) {
	if in.Request.Spec.NewSubnets == nil {
		return nil
	}
	subnets, no := in.subnets()
	if no != nil {
		return nil
	}
	room := map[string]bool{}
	for _, s := range subnets {
		if len(in.granted(s)) > 0 && !slices.Contains(full, s.Name) {
			room[s.Zone] = true
		}
	}
	for _, s := range in.Made() {
		room[s.Zone] = room[s.Zone] || !slices.Contains(full, s.Name)
	}
	for _, s := range subnets {
		if !room[s.Zone] && !slices.Contains(zones, s.Zone) {
			zones = append(zones, s.Zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// PlanSpace says which subnet is made in a zone that is full, or why none can
// be. It is pure.
func PlanSpace(in Input, zone string) (Making, *conditions.Refusal) {
	ask := in.Request.Spec.NewSubnets
	made := in.Made()
	here := 0
	for _, s := range made {
		if s.Zone == zone {
			here++
		}
	}
	if here >= int(ask.MaxSubnets) {
		return Making{}, conditions.Refuse(v1alpha1.ReasonRangesAtLimit, "the subnets of zone %s are full, and %d were created there, as many as newSubnets.maxSubnets allows; raise it", zone, here)
	}
	var full *conditions.Refusal
	for _, b := range v1alpha1.ParseCIDRs(ask.Blocks) {
		if no := in.blockRefused(b); no != nil {
			return Making{}, no
		}
		if no := in.stillRefused(plan.Request{CIDRs: []string{b.String()}}); no != nil && !slices.Contains(in.Snapshot.Blocks, b) {
			full = no
			continue
		}
		a := plan.Ranges(plan.Request{Family: prefix.IPv4, PrefixLength: int(ask.SubnetPrefixLength)},
			plan.Space{Supernets: prefix.Intersect(prefix.Normalise(v1alpha1.ParseCIDRs(in.Network.Spec.Supernets)), []netip.Prefix{b}), Occupied: in.occupied(cloud.Subnet{}, nil)})[0]
		claimed, why := in.claimedIn(zone, b)
		resumed := claimed.Name != ""
		if a.Verb == plan.Refuse && !resumed {
			full = conditions.Refuse(string(a.Reason), "the subnets of zone %s are full, and block %s has no room for another subnet of /%d: %s; add a block to newSubnets.blocks", zone, b, ask.SubnetPrefixLength, a.Why)
			continue
		}
		m := Making{In: b, Subnet: cloud.NewSubnet{Name: in.freeSubnetName(), Zone: zone, Prefix: a.Prefix},
			Why: fmt.Sprintf("no subnet of the request has room in zone %s; %s", zone, a.Why)}
		if resumed {
			m.Subnet, m.Why = claimed, why
		}
		there := slices.Contains(in.Snapshot.Blocks, b)
		if !there {
			m.Block = b
		}
		if !in.recorded(b) {
			m.Record = &v1alpha1.MadeBlock{CIDR: b.String(), Adopted: there}
		}
		return m, nil
	}
	return Making{}, full
}

// blockRefused refuses a block that nothing may lie over, or that lies over
// what is in the status only.
func (in Input) blockRefused(b netip.Prefix) *conditions.Refusal {
	if !prefix.Within(v1alpha1.ParseCIDRs(in.Network.Spec.Supernets), b) {
		return conditions.Refuse(v1alpha1.ReasonOutsideSupernets, "block %s of newSubnets is outside the supernets of Network %s; add it to them", b, in.Network.Name)
	}
	if slices.Contains(in.Snapshot.Blocks, b) {
		return nil
	}
	for _, have := range in.Snapshot.Blocks {
		if have.Overlaps(b) {
			return conditions.Refuse(v1alpha1.ReasonOverlap, "block %s of newSubnets overlaps %s, which the VPC has already; use that one, or another", b, have)
		}
	}
	for i := range in.Others {
		o := &in.Others[i]
		for _, p := range v1alpha1.Prefixes(o.Status.Ranges) {
			if o.Name != in.Request.Name && p.Overlaps(b) {
				return conditions.Refuse(v1alpha1.ReasonOverlap, "block %s of newSubnets overlaps %s, which RangeRequest %s has outside the VPC's blocks; use another", b, p, o.Name)
			}
		}
	}
	for _, s := range in.Services {
		if s.Prefix.Overlaps(b) {
			return conditions.Refuse(v1alpha1.ReasonOverlap, "block %s of newSubnets overlaps %s, %s; use another", b, s.Prefix, s.occupied().What)
		}
	}
	return nil
}
