package plan

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// byLength plans ranges of one length.
func byLength(r Request, s Space) Plan {
	width := r.Family.Width()
	if r.PrefixLength < 1 || r.PrefixLength > width {
		return refuse(InvalidSize, fmt.Sprintf("a range of /%d does not exist in %s; ask for /1 to /%d", r.PrefixLength, r.Family, width))
	}
	if r.NodeLength != 0 && r.NodeLength < r.PrefixLength {
		return refuse(NodeLargerThanRange, fmt.Sprintf("a node's range is a /%d, which does not fit in a range of /%d; ask for a larger range or a smaller node size",
			r.NodeLength, r.PrefixLength))
	}
	var plan Plan
	want := max(1, r.Ranges)
	for _, g := range s.Granted {
		if g.Bits() <= r.PrefixLength && want > 0 {
			want--
			plan = append(plan, keep(g, fmt.Sprintf("it is granted already, and the request asks for a /%d", r.PrefixLength)))
			continue
		}
		plan = append(plan, unwanted(g))
	}
	if want == 0 {
		return plan
	}
	return append(plan, carve(s, r.PrefixLength, want, fmt.Sprintf("a range of /%d", r.PrefixLength))...)
}

// byCapacity plans one range for the nodes that what is granted does not feed.
func byCapacity(r Request, s Space) Plan {
	c := *r.Capacity
	_, node, err := c.Length(r.Family)
	if r.NodeLength != 0 && err == nil {
		if carries := Pods(r.Family, r.NodeLength, c.factor()); carries < uint64(c.Pods) {
			return refuse(InvalidSize, fmt.Sprintf("a node's range of /%d carries %d pods, but %d are asked for; ask for fewer pods or a node size of /%d or larger",
				r.NodeLength, carries, c.Pods, node))
		}
		node = r.NodeLength
	}
	if err != nil {
		return refuse(InvalidSize, err.Error())
	}
	var plan Plan
	var fed prefix.Count
	want := prefix.NewCount(uint64(c.Nodes))
	for _, g := range s.Granted {
		if fed.Cmp(want) >= 0 {
			plan = append(plan, unwanted(g))
			continue
		}
		nodes := Nodes(g.Bits(), node)
		fed = fed.Add(nodes)
		plan = append(plan, keep(g, fmt.Sprintf("it is granted already, and has room for %s nodes with a /%d each", nodes, node)))
	}
	if fed.Cmp(want) >= 0 {
		return plan
	}
	missing := want.Sub(fed)
	length, err := RangeLength(int(missing.Uint64()), node)
	if err != nil {
		return refuse(InvalidSize, err.Error())
	}
	if c.LeastRange > 0 {
		length = min(length, c.LeastRange)
	}
	what := fmt.Sprintf("a /%d for %s nodes with a /%d each", length, missing, node)
	if !fed.IsZero() {
		what = fmt.Sprintf("a /%d for %s more nodes with a /%d each", length, missing, node)
	}
	return append(plan, carve(s, length, 1, what)...)
}

func keep(p netip.Prefix, why string) Action {
	return Action{Verb: Keep, Prefix: p, Reason: Granted, Why: why}
}

func unwanted(p netip.Prefix) Action {
	return Action{Verb: Keep, Prefix: p, Reason: Unwanted,
		Why: "the request asks for less than it was granted; it is kept until the request is deleted"}
}

// carve finds room for count ranges of one length; what says what they are for.
func carve(s Space, length, count int, what string) Plan {
	free := prefix.Free(s.Supernets, s.blocked())
	found, err := prefix.Carve(s.Supernets, s.blocked(), length, count)
	var no *prefix.NoSpaceError
	if errors.As(err, &no) {
		largest := "none"
		if len(no.Largest) > 0 {
			largest = no.Largest[0].String()
		}
		return refuse(NoSpace, fmt.Sprintf("%d x %s asked for, %d fit in the supernets (%s): %s addresses are free, the largest free block is %s; "+
			"free some space, add a supernet, or ask for less", count, what, no.Fit, list(s.Supernets), no.Free, largest))
	}
	var plan Plan
	for _, p := range found {
		why := what + ", at the lowest place in the smallest free block that fits"
		for _, f := range free {
			if prefix.Contains(f, p) {
				why += fmt.Sprintf(" (%s)", f)
			}
		}
		plan = append(plan, Action{Verb: Carve, Prefix: p, Reason: Chosen, Why: why})
	}
	return plan
}
