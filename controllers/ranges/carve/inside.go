package carve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// inside reports whether the request's ranges lie inside the primary ranges of
// subnets. Else they lie beside all that the VPC has.
func (in Input) inside() bool {
	p := in.Request.Spec.Purpose
	return in.Snapshot.Traits.Inside && (p == v1alpha1.Pods || p == v1alpha1.Custom) && !in.routed()
}

// within is the part of the supernets that is the subnet's own block.
func within(supernets []netip.Prefix, s cloud.Subnet) []netip.Prefix {
	if !s.Primary.IsValid() {
		return nil
	}
	return prefix.Intersect(prefix.Normalise(supernets), []netip.Prefix{s.Primary})
}

// holding returns the subnets that the named blocks lie in.
func (in Input) holding(subnets []cloud.Subnet) (out []cloud.Subnet, no *conditions.Refusal) {
	var known []string
	for _, s := range subnets {
		known = append(known, fmt.Sprintf("%s %s", s.Name, s.Primary))
		if len(in.askIn(s).CIDRs) > 0 {
			out = append(out, s)
		}
	}
	for _, p := range v1alpha1.ParseCIDRs(in.Request.Spec.CIDRs) {
		if !slices.ContainsFunc(out, func(s cloud.Subnet) bool { return prefix.Contains(s.Primary, p) }) {
			return nil, conditions.Refuse(v1alpha1.ReasonOutsideSupernets, "%s is in none of the subnets (%s), and on this cloud a range must be inside one; choose a block inside one of them", p, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// askIn is what the request asks for in one subnet: the size that it says for
// that one; of the blocks that it
// names those that lie there, where each lies in one.
func (in Input) askIn(s cloud.Subnet) plan.Request {
	ask := in.ask()
	if n := in.sizeIn(s); n != 0 {
		for _, g := range in.granted(s) {
			n = max(n, g.Prefix.Bits()) // what is granted stays as it is
		}
		ask.PrefixLength, ask.Capacity = n, nil
	}
	if in.inside() {
		ask.CIDRs = slices.DeleteFunc(ask.CIDRs, func(text string) bool {
			p, err := netip.ParsePrefix(text)
			return err == nil && !(s.Primary.IsValid() && prefix.Contains(s.Primary, p))
		})
	}
	return ask
}

// where says which subnet a refusal is about, where each is a space of its own.
func (in Input) where(s cloud.Subnet) string {
	if !in.inside() {
		return ""
	}
	if !s.Primary.IsValid() {
		return "subnet " + s.Name + ", whose CIDR is not known: "
	}
	return fmt.Sprintf("subnet %s (%s): ", s.Name, s.Primary)
}

// placed asks the planner. Where ranges lie inside a subnet's block, single
// addresses of machines and of others lie there too. A block that we choose
// keeps clear of them; where there is no such block, one for pods is that in which
// most nodes find room: no pod gets the addresses in use. A block that the request names may cover any.
func (in Input) placed(ask plan.Request, s cloud.Subnet, space plan.Space) plan.Plan {
	if !in.inside() || len(ask.CIDRs) > 0 || len(s.Used) == 0 {
		return plan.Ranges(ask, space)
	}
	clear := space
	clear.Occupied = slices.Clone(space.Occupied)
	for _, p := range s.Used {
		clear.Occupied = append(clear.Occupied, plan.Occupied{Prefix: p, What: "in use in the subnet"})
	}
	first := plan.Ranges(ask, clear)
	short := slices.ContainsFunc(first, func(a plan.Action) bool { return a.Reason == plan.NoSpace })
	if !short || in.Request.Spec.Purpose != v1alpha1.Pods {
		return first
	}
	second := plan.Ranges(ask, space)
	for i, a := range second {
		switch a.Verb {
		case plan.Refuse:
			return first // it names what is free for pods
		case plan.Carve:
			block, ok := in.covering(a, s, space)
			if !ok {
				return first // nothing could be attached in any
			}
			second[i] = block
		}
	}
	return second
}

// covering takes the block of that length in which the most nodes find room, of
// those that which covers the fewest addresses in use, and the lowest among
// equals. Ok is false where none finds room in any.
func (in Input) covering(a plan.Action, s cloud.Subnet, space plan.Space) (block plan.Action, ok bool) {
	blocked := slices.Clone(space.Granted)
	for _, o := range space.Occupied {
		blocked = append(blocked, o.Prefix)
	}
	length, node, used := a.Prefix.Bits(), in.nodeLength(), prefix.Normalise(s.Used)
	var least, most prefix.Count
	for _, free := range prefix.Free(space.Supernets, blocked) {
		for at := range split(free, length) {
			taken := prefix.Total(prefix.Intersect([]netip.Prefix{at}, used))
			room := Feeds(at, node, in.Snapshot, nil)
			if c := room.Cmp(most); c > 0 || c == 0 && ok && taken.Cmp(least) < 0 {
				a.Prefix, least, most, ok = at, taken, room, true
			}
		}
	}
	a.Why = fmt.Sprintf("a /%d; every free block of that size contains addresses in use: this one contains %s, which no pod gets, and has room for the most nodes, %s with a /%d each", length, least, most, node)
	return a, ok
}

// split returns the blocks of a length in p, in order.
func split(p netip.Prefix, length int) func(func(netip.Prefix) bool) {
	return func(yield func(netip.Prefix) bool) { halve(p, length, yield) }
}

func halve(p netip.Prefix, length int, yield func(netip.Prefix) bool) bool {
	if p.Bits() > length {
		return true
	}
	if p.Bits() == length {
		return yield(p)
	}
	low, high := prefix.Halves(p)
	return halve(low, length, yield) && halve(high, length, yield)
}
