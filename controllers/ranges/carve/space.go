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

// newSpaceSupported refuses space that no range would lie in.
func (in Input) newSpaceSupported() *conditions.Refusal {
	if !in.Snapshot.Traits.Inside {
		return conditions.Refuse(v1alpha1.ReasonUnsupported, "newSubnets is not provided on this cloud, where a subnet grows by ranges beside its own block; leave it out")
	}
	most := int(in.Request.Spec.NewSubnets.SubnetPrefixLength) + 1
	if n := in.furtherLength(); n < most {
		return conditions.Refuse(string(plan.InvalidSize), "a range of /%d does not fit in a subnet of /%d beside the machines' own addresses; ask for ranges of /%d or smaller in growth.prefixLength, or for larger subnets in newSubnets.subnetPrefixLength",
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

// passedOver tells of a subnet that has no room for the request's first range:
// it gets none, and one is made in a new subnet of its zone.
func (in Input) passedOver(s cloud.Subnet, no *conditions.Refusal) bool {
	return in.Request.Spec.NewSubnets != nil && no.Reason == v1alpha1.ReasonNoSpace && len(in.granted(s)) == 0
}

// Made are the subnets that were made for the request.
func (in Input) Made() (out []cloud.Subnet) {
	for _, s := range in.Snapshot.Subnets {
		if cloud.ParseMark(s.Made).Of(in.owner()) {
			out = append(out, s)
		}
	}
	return out
}

// inMade plans the ranges of the subnets that were made for the request, after
// those of the others.
func (in Input) inMade(steps []Step) ([]Step, *conditions.Refusal) {
	for _, s := range in.Made() {
		more, no := in.subnet(s, steps, plan.Request{Family: prefix.IPv4, PrefixLength: in.furtherLength()})
		if no != nil {
			return nil, no
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// FullZones gives the zones in which no subnet of the request has room: each
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
		return Making{}, conditions.Refuse(v1alpha1.ReasonRangesAtLimit, "zone %s has no room in its subnets, and %d were made there, as many as newSubnets.maxSubnets allows; raise it", zone, here)
	}
	var full *conditions.Refusal
	for _, b := range parseAll(ask.Blocks) {
		if no := in.blockRefused(b); no != nil {
			return Making{}, no
		}
		if no := in.stillRefused(plan.Request{CIDRs: []string{b.String()}}); no != nil && !slices.Contains(in.Snapshot.Blocks, b) {
			full = no
			continue
		}
		a := plan.Ranges(plan.Request{Family: prefix.IPv4, PrefixLength: int(ask.SubnetPrefixLength)},
			plan.Space{Supernets: prefix.Intersect(prefix.Normalise(parseAll(in.Network.Spec.Supernets)), []netip.Prefix{b}), Occupied: in.occupied(cloud.Subnet{}, nil)})[0]
		claimed, why := in.claimedIn(zone, b)
		resumed := claimed.Name != ""
		if a.Verb == plan.Refuse && !resumed {
			full = conditions.Refuse(string(a.Reason), "zone %s has no room in its subnets, and block %s has none for another subnet of /%d: %s; add a block to newSubnets.blocks", zone, b, ask.SubnetPrefixLength, a.Why)
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
// what is in our books only.
func (in Input) blockRefused(b netip.Prefix) *conditions.Refusal {
	if !prefix.Within(parseAll(in.Network.Spec.Supernets), b) {
		return conditions.Refuse(v1alpha1.ReasonOutsideSupernets, "block %s of newSubnets is not inside the supernets of Network %s; add it there", b, in.Network.Name)
	}
	if slices.Contains(in.Snapshot.Blocks, b) {
		return nil
	}
	for _, have := range in.Snapshot.Blocks {
		if have.Overlaps(b) {
			return conditions.Refuse(v1alpha1.ReasonOverlap, "block %s of newSubnets overlaps %s, which the VPC has; name that one, or another", b, have)
		}
	}
	for i := range in.Others {
		o := &in.Others[i]
		for _, p := range v1alpha1.Prefixes(o.Status.Ranges) {
			if o.Name != in.Request.Name && p.Overlaps(b) {
				return conditions.Refuse(v1alpha1.ReasonOverlap, "block %s of newSubnets lies over %s, which RangeRequest %s has beside the VPC's blocks; name another", b, p, o.Name)
			}
		}
	}
	for _, s := range in.Services {
		if s.Prefix.Overlaps(b) {
			return conditions.Refuse(v1alpha1.ReasonOverlap, "block %s of newSubnets lies over %s, %s; name another", b, s.Prefix, s.occupied().What)
		}
	}
	return nil
}

// claimedIn gives the subnet that was claimed in the zone and the block and is
// not there yet, and why it was; it is empty where there is none.
func (in Input) claimedIn(zone string, b netip.Prefix) (s cloud.NewSubnet, why string) {
	if in.Request.Status.NewSubnets == nil {
		return s, ""
	}
	for _, s := range in.Request.Status.NewSubnets.Subnets {
		if p, err := netip.ParsePrefix(s.CIDR); err == nil && s.Subnet == "" && s.Zone == zone && prefix.Contains(b, p) {
			return cloud.NewSubnet{Name: s.Name, Zone: zone, Prefix: p}, s.Reason
		}
	}
	return s, ""
}

func (in Input) recorded(b netip.Prefix) bool {
	s := in.Request.Status.NewSubnets
	return s != nil && slices.ContainsFunc(s.Blocks, func(x v1alpha1.MadeBlock) bool { return x.CIDR == b.String() })
}

// freeSubnetName is the lowest name of ours that no subnet has, nor a claim.
func (in Input) freeSubnetName() string {
	for n := 0; ; n++ {
		name := in.owner().RoleName(fmt.Sprintf("subnet%d", n))
		if s := in.Request.Status.NewSubnets; s != nil && slices.ContainsFunc(s.Subnets, func(x v1alpha1.MadeSubnet) bool { return x.Name == name }) {
			continue
		}
		if !slices.ContainsFunc(in.Snapshot.Subnets, func(s cloud.Subnet) bool { return s.Made == name }) {
			return name
		}
	}
}

// MadeSpace is what the VPC shows of the subnets that were made for the request,
// and the claims that are still wanted and whose place nothing has; nil where
// there is neither.
func MadeSpace(in Input) *v1alpha1.MadeSpace {
	r, made := in.Request, in.Made()
	had := r.Status.NewSubnets
	if had == nil && len(made) == 0 {
		return nil
	}
	now := v1alpha1.MadeSpace{}
	why := map[string]string{}
	if had != nil {
		now.Blocks = had.Blocks
		for _, s := range had.Subnets {
			why[s.Name] = s.Reason
		}
	}
	for _, s := range made {
		now.Subnets = append(now.Subnets, v1alpha1.MadeSubnet{Subnet: s.Name, Name: s.Made, Zone: s.Zone, CIDR: s.Primary.String(), Reason: why[s.Made]})
	}
	if had != nil && r.Spec.NewSubnets != nil {
		now.Subnets = append(now.Subnets, slices.DeleteFunc(slices.Clone(had.Subnets), func(x v1alpha1.MadeSubnet) bool {
			return x.Subnet != "" || in.takenSubnet(x)
		})...)
	}
	return &now
}

// takenSubnet tells of a claimed subnet that is there, or whose place is taken.
func (in Input) takenSubnet(x v1alpha1.MadeSubnet) bool {
	p, err := netip.ParsePrefix(x.CIDR)
	return err != nil || slices.ContainsFunc(in.Snapshot.Occupied, func(o cloud.Occupied) bool { return o.Prefix.Overlaps(p) }) ||
		slices.ContainsFunc(in.Made(), func(s cloud.Subnet) bool { return s.Made == x.Name })
}
