package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Request asks for ranges of one family. Exactly one of CIDRs, PrefixLength and Capacity says how big.
type Request struct {
	Family       prefix.Family
	CIDRs        []string // exactly these
	PrefixLength int      // one of this length, wherever there is room; 0 is not said
	Capacity     *Capacity

	NodeLength int // prefix length of a node's range where it is fixed; 0 where nodes have no part in it
	Ranges     int // how many ranges of PrefixLength, more than one when the request has grown; 0 stands for 1
}

// Occupied is a prefix that is in use, or must not be used.
type Occupied struct {
	Prefix netip.Prefix
	What   string // such as `secondary range "pods" of subnet "nodes"`
	Why    string // where that says more, such as the reason of a reservation; may be empty
}

func (o Occupied) String() string {
	if o.Why == "" {
		return fmt.Sprintf("%s, which is %s", o.Prefix, o.What)
	}
	return fmt.Sprintf("%s, which is %s (%s)", o.Prefix, o.What, o.Why)
}

// Space is where ranges may go.
type Space struct {
	Supernets []netip.Prefix
	Occupied  []Occupied // may list the granted ranges too
	Granted   []netip.Prefix
}

// Ranges plans a request. The same arguments give the same plan.
func Ranges(r Request, s Space) Plan {
	said := 0
	for _, is := range []bool{len(r.CIDRs) > 0, r.PrefixLength != 0, r.Capacity != nil} {
		if is {
			said++
		}
	}
	switch {
	case r.Family.Width() == 0:
		return refuse(WrongFamily, "the request names no address family; ask for IPv4 or IPv6")
	case said == 0:
		return refuse(InvalidSize, "the request sets no size; set one of cidrs, prefixLength and capacity")
	case said > 1:
		return refuse(InvalidSize, "the request sets its size more than once; set only one of cidrs, prefixLength and capacity")
	case r.NodeLength < 0 || r.NodeLength > r.Family.Width():
		return refuse(InvalidSize, fmt.Sprintf("a node's range of /%d does not exist in %s", r.NodeLength, r.Family))
	case len(r.CIDRs) > 0:
		return named(r, s.of(r.Family))
	case r.Capacity != nil:
		return byCapacity(r, s.of(r.Family))
	}
	return byLength(r, s.of(r.Family))
}

func refuse(reason Reason, why string) Plan { return Plan{{Verb: Refuse, Reason: reason, Why: why}} }

// of leaves out the other family, and granted ranges from what is occupied.
func (s Space) of(f prefix.Family) Space {
	mine := func(p netip.Prefix) bool { return p.IsValid() && prefix.FamilyOf(p) == f }
	var out Space
	for _, p := range prefix.Normalise(s.Supernets) {
		if mine(p) {
			out.Supernets = append(out.Supernets, p)
		}
	}
	for _, p := range s.Granted {
		if mine(p) {
			out.Granted = append(out.Granted, p)
		}
	}
	slices.SortFunc(out.Granted, prefix.Compare)
	for _, o := range s.Occupied {
		if mine(o.Prefix) && !slices.Contains(out.Granted, o.Prefix) {
			out.Occupied = append(out.Occupied, o)
		}
	}
	slices.SortStableFunc(out.Occupied, func(a, b Occupied) int { return prefix.Compare(a.Prefix, b.Prefix) })
	return out
}

// blocked is all that nothing may be carved from.
func (s Space) blocked() []netip.Prefix {
	out := slices.Clone(s.Granted)
	for _, o := range s.Occupied {
		out = append(out, o.Prefix)
	}
	return out
}

// maxNamed bounds how many occupied prefixes a refusal names.
const maxNamed = 4

// over names what is occupied and overlaps p; with is the first of it.
func (s Space) over(p netip.Prefix) (with netip.Prefix, words string) {
	var all []string
	for _, o := range s.Occupied {
		if o.Prefix.Overlaps(p) && !slices.Contains(all, o.String()) {
			if all == nil {
				with = o.Prefix
			}
			all = append(all, o.String())
		}
	}
	if more := len(all) - maxNamed; more > 0 {
		return with, fmt.Sprintf("%s; and %d more", strings.Join(all[:maxNamed], "; "), more)
	}
	return with, strings.Join(all, "; ")
}

// named plans ranges that the request names.
func named(r Request, s Space) Plan {
	var plan Plan
	var seen []netip.Prefix
	for _, text := range r.CIDRs {
		a := name(r, s, seen, text)
		if a.Prefix.IsValid() {
			seen = append(seen, a.Prefix)
		}
		plan = append(plan, a)
	}
	for _, g := range s.Granted {
		if !slices.Contains(seen, g) {
			plan = append(plan, Action{Verb: Keep, Prefix: g, Reason: Unwanted,
				Why: "the request does not name it any more; it is kept until the request is deleted"})
		}
	}
	return plan
}

// name plans one named range.
func name(r Request, s Space, seen []netip.Prefix, text string) Action {
	no := func(p netip.Prefix, reason Reason, why string) Action {
		return Action{Verb: Refuse, Prefix: p, Reason: reason, Why: why}
	}
	p, err := prefix.Parse(text, r.Family)
	if err != nil {
		raw, _ := netip.ParsePrefix(text)
		return no(raw, reasonOf(err), err.Error())
	}
	for _, q := range seen {
		if q.Overlaps(p) {
			a := no(p, Overlap, fmt.Sprintf("it overlaps %s, which the same request names; leave one of them out", q))
			a.With = q
			return a
		}
	}
	if r.NodeLength != 0 && r.NodeLength < p.Bits() {
		return no(p, NodeLargerThanRange, fmt.Sprintf("a node's range is a /%d, which does not fit in it; name a larger range or a smaller node size", r.NodeLength))
	}
	if slices.Contains(s.Granted, p) {
		return Action{Verb: Keep, Prefix: p, Reason: Granted, Why: "it is granted already"}
	}
	if !prefix.Within(s.Supernets, p) {
		return no(p, OutsideSupernets, fmt.Sprintf("it is not inside the network's supernets (%s)", list(s.Supernets)))
	}
	if with, words := s.over(p); words != "" {
		a := no(p, Overlap, "it overlaps "+words+"; name another block, or remove what is there")
		a.With = with
		return a
	}
	for _, g := range s.Granted {
		if g.Overlaps(p) {
			a := no(p, Overlap, fmt.Sprintf("it overlaps %s, which was granted to this request before; name a block beside it", g))
			a.With = g
			return a
		}
	}
	return Action{Verb: Carve, Prefix: p, Reason: Asked, Why: "the request names it, it is inside the supernets, and nothing there is in use"}
}

func reasonOf(err error) Reason {
	var e *prefix.Error
	if errors.As(err, &e) {
		switch e.Problem {
		case prefix.HostBits:
			return HostBits
		case prefix.WrongFamily, prefix.Mapped:
			return WrongFamily
		}
	}
	return Malformed
}

func list(ps []netip.Prefix) string {
	if len(ps) == 0 {
		return "none"
	}
	var texts []string
	for _, p := range ps {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}
