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

// actions asks the planner for blocks where they do least harm: first those that
// nothing speaks against, then, one after the other, those that something better
// stays clear of.
func (in Input) actions(ask plan.Request, s cloud.Subnet, space plan.Space) (got plan.Plan) {
	if len(ask.CIDRs) > 0 {
		return in.placed(ask, s, space)
	}
	nets := in.supernets(space.Supernets)
	for _, avoid := range in.avoided() {
		for _, supernets := range nets {
			try := plan.Space{Supernets: supernets, Occupied: slices.Clone(space.Occupied), Granted: space.Granted}
			for _, p := range avoid {
				try.Occupied = append(try.Occupied, plan.Occupied{Prefix: p})
			}
			got = in.placed(ask, s, try)
			if !slices.ContainsFunc(got, func(a plan.Action) bool { return a.Reason == plan.NoSpace }) {
				return got
			}
		}
	}
	return in.elsewhere(got, space.Supernets, nets)
}

// supernets returns where blocks are chosen, the best first, each with those
// before: as the request says; or, once it has ranges, in the supernets in which
// the first ones lie, then in others of the same kind of space.
func (in Input) supernets(all []netip.Prefix) [][]netip.Prefix {
	if own := v1alpha1.ParseCIDRs(in.Request.Spec.Supernets); len(own) > 0 {
		return [][]netip.Prefix{prefix.Intersect(prefix.Normalise(all), prefix.Normalise(own))}
	}
	var first []netip.Prefix
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && !g.Grown {
			first = append(first, p)
		}
	}
	if len(first) == 0 || in.inside() {
		return [][]netip.Prefix{all}
	}
	var same, kin []netip.Prefix
	for _, n := range all {
		if len(prefix.Overlapping(first, n)) > 0 {
			same = append(same, n)
		}
		if slices.ContainsFunc(first, func(p netip.Prefix) bool { return spaceOf(p) == spaceOf(n) }) {
			kin = append(kin, n)
		}
	}
	return [][]netip.Prefix{same, append(slices.Clone(same), kin...)}
}

// spaces are kinds of addresses that people treat differently: which are routed
// to other sites, and which are translated.
var spaces = []struct {
	name     string
	prefixes []netip.Prefix
}{
	{"private (RFC 1918)", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}},
	{"shared (RFC 6598)", []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10")}},
	{"class E", []netip.Prefix{netip.MustParsePrefix("240.0.0.0/4")}},
	{"unique local", []netip.Prefix{netip.MustParsePrefix("fc00::/7")}},
}

func spaceOf(p netip.Prefix) string {
	for _, s := range spaces {
		if slices.ContainsFunc(s.prefixes, func(q netip.Prefix) bool { return prefix.Contains(q, p) }) {
			return s.name
		}
	}
	return "public"
}

// elsewhere adds to a refusal which supernets were left out.
func (in Input) elsewhere(got plan.Plan, all []netip.Prefix, nets [][]netip.Prefix) plan.Plan {
	left := prefix.Subtract(all, nets[len(nets)-1])
	if len(left) == 0 {
		return got
	}
	said := "a different kind of address space than the request's ranges: list it in the request's supernets to use it"
	if len(in.Request.Spec.Supernets) > 0 {
		said = "not among the request's supernets"
	}
	for i, a := range got {
		if a.Reason == plan.NoSpace {
			got[i].Why = fmt.Sprintf("%s; the Network also has %s, which is %s", a.Why, conditions.List(left, conditions.Few), said)
		}
	}
	return got
}

// supernetsRefused refuses supernets of the request that the Network does not
// have.
func (in Input) supernetsRefused() *conditions.Refusal {
	for _, p := range v1alpha1.ParseCIDRs(in.Request.Spec.Supernets) {
		if all := v1alpha1.ParseCIDRs(in.Network.Spec.Supernets); !prefix.Within(all, p) {
			return conditions.Refuse(v1alpha1.ReasonOutsideSupernets, "supernet %s of the request is outside the supernets of Network %s (%s); use a part of those, or add it to the Network", p, in.Network.Name, conditions.List(all, conditions.Few))
		}
	}
	return nil
}

// avoided is what a choice stays clear of while other space serves, the most
// first: the neighbourhood of what the cloud refused, as what has it may be
// larger than that; the blocks that subnets would expand into; what it refused.
func (in Input) avoided() [][]netip.Prefix {
	var refused, around []netip.Prefix
	for _, x := range in.refused() {
		refused = append(refused, x.prefix)
	}
	for _, p := range refused {
		around = append(around, netip.PrefixFrom(p.Addr(), max(widest(p), p.Bits()-len(refused)+1)).Masked())
	}
	beside := in.besideSubnets()
	out := [][]netip.Prefix{slices.Concat(around, beside)}
	if len(refused) > 0 {
		out = append(out, slices.Concat(refused, beside), refused)
	}
	return append(out, beside, nil)
}

// widest bounds what is suspected around a refused block.
func widest(p netip.Prefix) int { return min(p.Bits(), 10) }

// besideSubnets are the blocks into which subnets' own ranges would expand
// first. What is carved there is in the way for good: a subnet expands to a
// larger block around its own, or not at all.
func (in Input) besideSubnets() (out []netip.Prefix) {
	if in.Snapshot.Traits.Inside { // a subnet has the block that it has
		return nil
	}
	for _, o := range in.Snapshot.Occupied {
		if o.Kind != cloud.SubnetPrimary || !o.Prefix.Addr().Is4() || o.Prefix.Bits() < 9 {
			continue
		}
		low, high := prefix.Halves(netip.PrefixFrom(o.Prefix.Addr(), o.Prefix.Bits()-1).Masked())
		if low == o.Prefix {
			low = high
		}
		out = append(out, low)
	}
	return out
}
