package prefix

import (
	"fmt"
	"net/netip"
	"slices"
)

// NoSpaceError reports that not all blocks asked for fit.
type NoSpaceError struct {
	Length  int            // asked for, as a prefix length
	Count   int            // how many
	Fit     int            // how many of them there was room for
	Free    Count          // free addresses before the first was taken
	Largest []netip.Prefix // the largest free blocks; empty where nothing is free
}

func (e *NoSpaceError) Error() string {
	if len(e.Largest) == 0 {
		return fmt.Sprintf("carving %d x /%d: nothing is free", e.Count, e.Length)
	}
	return fmt.Sprintf("carving %d x /%d: only %d fit; %s addresses are free, the largest free block is %s",
		e.Count, e.Length, e.Fit, e.Free, e.Largest[0])
}

// Largest are the largest blocks of a set, in ascending order.
func Largest(set []netip.Prefix) []netip.Prefix {
	least := 129
	for _, p := range set {
		least = min(least, p.Bits())
	}
	var out []netip.Prefix
	for _, p := range set {
		if p.Bits() == least {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, Compare)
	return out
}

// Carve takes count blocks of one length out of the parents around what is occupied. Each comes from the
// smallest free aligned block in which it fits, the lowest among equals, so that large blocks stay whole. All
// parents must be of one family. Where not all fit there are none, and the error is a *NoSpaceError.
func Carve(parents, occupied []netip.Prefix, length, count int) ([]netip.Prefix, error) {
	space := Free(parents, occupied)
	refused := &NoSpaceError{Length: length, Count: count, Free: Total(space), Largest: Largest(space)}
	var out []netip.Prefix
	for len(out) < count {
		at := -1
		for i, p := range space {
			if p.Bits() <= length && length <= p.Addr().BitLen() && (at < 0 || p.Bits() > space[at].Bits()) {
				at = i
			}
		}
		if at < 0 {
			refused.Fit = len(out)
			return nil, refused
		}
		block := space[at]
		space = slices.Delete(space, at, at+1)
		for block.Bits() < length {
			lower, upper := Halves(block)
			space = slices.Insert(space, at, upper)
			block = lower
		}
		out = append(out, block)
	}
	return out, nil
}
