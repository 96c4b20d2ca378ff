package stress

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// foreignSecond is a range of theirs; the subnet is as stories call it.
type foreignSecond struct {
	subnet string
	prefix netip.Prefix
}

// ourRange is a range of ours in the VPC; the subnet is as stories call it.
type ourRange struct {
	subnet, name string
	prefix       netip.Prefix
}

func (r *rig) ours() (out []ourRange) {
	for _, s := range r.cloud.Subnets() {
		for _, x := range s.Ranges {
			if x.Ours {
				out = append(out, ourRange{r.storied(s.Name), x.Name, x.Prefix})
			}
		}
	}
	return out
}

// foreign are the ranges of theirs in a subnet.
func (r *rig) foreign(subnet string) (out []invariants.Range) {
	for _, name := range slices.Sorted(maps.Keys(r.hands.ranges)) {
		if x := r.hands.ranges[name]; x.subnet == subnet {
			out = append(out, invariants.Range{Name: name, Prefix: x.prefix})
		}
	}
	return out
}

// foreignRange makes a range of theirs in the middle of the space that is
// carved.
func foreignRange(r *rig, _ *cluster, rng *rand.Rand) string {
	n := rng.IntN(64)
	subnet := subnets[rng.IntN(len(subnets))]
	p, name := nth(r.ground.ranges(subnet), 24, n), r.hands.name("theirs")
	if r.cloud.SetRanges(subnet, true, append(r.foreign(subnet), invariants.Range{Name: name, Prefix: p})...) != nil {
		return ""
	}
	r.hands.ranges[name] = foreignSecond{subnet, p}
	return fmt.Sprintf("%s (%s) in %s", name, p, subnet)
}

func dropForeignRange(r *rig, _ *cluster, rng *rand.Rand) string {
	name := oneOf(r.hands.ranges, rng)
	if name == "" {
		return ""
	}
	was := r.hands.ranges[name]
	delete(r.hands.ranges, name)
	if r.cloud.SetRanges(was.subnet, true, r.foreign(was.subnet)...) != nil {
		r.hands.ranges[name] = was
		return ""
	}
	return name
}

// dropOurs takes a range of ours out of its subnet, where the cloud lets it.
func dropOurs(r *rig, _ *cluster, rng *rand.Rand) string {
	pick, ours := rng.IntN(1<<30), r.ours()
	if len(ours) == 0 {
		return ""
	}
	gone := ours[pick%len(ours)]
	keep := r.foreign(gone.subnet)
	for _, x := range ours {
		if x.subnet == gone.subnet && x != gone {
			keep = append(keep, invariants.Range{Name: x.name, Prefix: x.prefix})
		}
	}
	if r.cloud.SetRanges(gone.subnet, false, keep...) != nil {
		return ""
	}
	r.hands.removed[[2]string{r.cloud.Subnet(gone.subnet), gone.name}] = true
	return fmt.Sprintf("%s of %s", gone.name, gone.subnet)
}

// withoutRemoved gives the grants without those that people took out of the
// VPC, as far as somebody else has the place, or the request goes and no Node
// uses it: it is not put back for what others have there.
func (h *hands) withoutRemoved(s *seen) (out []invariants.Grant) {
	granted := map[[2]string]bool{}
	for _, g := range s.grants {
		granted[[2]string{g.Subnet, g.Name}] = true
	}
	maps.DeleteFunc(h.removed, func(at [2]string, _ bool) bool { return !granted[at] })
	for _, g := range s.grants {
		at := [2]string{g.Subnet, g.Name}
		excused := h.removed[at] && (h.another(at, g.Prefix, s) || g.Deleted && !overlaps(g.Prefix, s.published()))
		if g.Adopted {
			excused = true // it is another's to take away
		}
		if !excused || s.ranges()[at] == g.Prefix {
			out = append(out, g)
		}
	}
	return out
}

// missing tells whether a granted range that people took out is still not in
// the VPC.
func (r *rig) missing() bool {
	there := (&seen{on: &r.ground, subnets: r.cloud.Subnets()}).ranges()
	for at := range r.hands.removed {
		if !there[at].IsValid() {
			return true
		}
	}
	return false
}

// lost tells whether people took one of the request's ranges out of the VPC
// and somebody else has the place: it can never be put back.
func (h *hands) lost(subnet string, g v1alpha1.GrantedRange, s *seen) bool {
	at, p := [2]string{subnet, g.Name}, netip.MustParsePrefix(g.CIDR)
	return h.removed[at] && h.another(at, p, s)
}

func (h *hands) lostAny(q v1alpha1.RangeRequest, s *seen) bool {
	return slices.ContainsFunc(q.Status.Ranges, func(g v1alpha1.GrantedRange) bool { return h.lost(g.Subnet, g, s) })
}

// inPlaceOf tells whether the request was granted a place of which people took
// out another's range, whose Nodes still have their pieces of it.
func (h *hands) inPlaceOf(q v1alpha1.RangeRequest, s *seen) bool {
	return slices.ContainsFunc(s.grants, func(other invariants.Grant) bool {
		return h.removed[[2]string{other.Subnet, other.Name}] && slices.ContainsFunc(q.Status.Ranges, func(g v1alpha1.GrantedRange) bool {
			return g.Subnet == other.Subnet && g.Name != other.Name && other.Prefix.Overlaps(netip.MustParsePrefix(g.CIDR))
		})
	})
}

// another tells whether something else than the range of that name has the
// place.
func (h *hands) another(at [2]string, p netip.Prefix, s *seen) bool {
	got := s.placeOf(p)
	return got != at && (got != [2]string{} || overlaps(p, h.routes))
}

// ranges are those of the VPC, by subnet and name. A subnet's own block is in
// the way of those that do not lie inside one.
func (s *seen) ranges() map[[2]string]netip.Prefix {
	out := map[[2]string]netip.Prefix{}
	for _, sub := range s.subnets {
		if !s.on.inside {
			out[[2]string{sub.Name, sub.Name}] = sub.Primary
		}
		for _, x := range sub.Ranges {
			out[[2]string{sub.Name, x.Name}] = x.Prefix
		}
	}
	return out
}

// placeOf gives a range of the VPC that overlaps a prefix.
func (s *seen) placeOf(p netip.Prefix) (at [2]string) {
	for at, q := range s.ranges() {
		if q.Overlaps(p) {
			return at
		}
	}
	return at
}

// checkRanges is nil when the ranges of theirs are as they made them.
func (h *hands) checkRanges(all []invariants.Subnet) error {
	got, want := map[string]netip.Prefix{}, map[string]netip.Prefix{}
	for _, s := range all {
		for _, x := range s.Ranges {
			if !x.Ours {
				got[x.Name] = x.Prefix
			}
		}
	}
	for name, x := range h.ranges {
		want[name] = x.prefix
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("I4: ranges of others are %v, and were made as %v", got, want)
	}
	return nil
}
