package prefix

import (
	"net/netip"
	"slices"
	"sort"
)

// Compare orders by family, then address, then length, the longest block first.
func Compare(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}

// Contains reports whether every address of inner is in outer.
func Contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// Within reports whether every address of inner is in the set, be it in several of its members together.
func Within(set []netip.Prefix, inner netip.Prefix) bool {
	return len(Subtract([]netip.Prefix{inner}, set)) == 0
}

// Halves are the two halves of a prefix that is longer than one address.
func Halves(p netip.Prefix) (lower, upper netip.Prefix) {
	n := p.Bits()
	lower = netip.PrefixFrom(p.Addr(), n+1)
	if p.Addr().Is4() {
		a := p.Addr().As4()
		a[n/8] |= 0x80 >> (n % 8)
		return lower, netip.PrefixFrom(netip.AddrFrom4(a), n+1)
	}
	a := p.Addr().As16()
	a[n/8] |= 0x80 >> (n % 8)
	return lower, netip.PrefixFrom(netip.AddrFrom16(a), n+1)
}

// Parent is the prefix of which p is one half.
func parent(p netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
}

// Normalise returns the canonical form of a set. Invalid prefixes are left out.
func Normalise(ps []netip.Prefix) []netip.Prefix {
	sorted := make([]netip.Prefix, 0, len(ps))
	for _, p := range ps {
		if p.IsValid() {
			sorted = append(sorted, p.Masked())
		}
	}
	slices.SortFunc(sorted, Compare)
	out := sorted[:0]
	for _, p := range sorted {
		if n := len(out); n > 0 && Contains(out[n-1], p) {
			continue
		}
		out = append(out, p)
		for n := len(out); n > 1 && out[n-1].Bits() > 0 && out[n-2].Bits() == out[n-1].Bits() &&
			parent(out[n-2]) == parent(out[n-1]); n = len(out) {
			out[n-2] = parent(out[n-1])
			out = out[:n-1]
		}
	}
	return out
}

// Overlapping are the members of a set, in the order given, that share an address with p.
func Overlapping(set []netip.Prefix, p netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, q := range set {
		if q.Overlaps(p) {
			out = append(out, q)
		}
	}
	return out
}

// Subtract is what is left of one set when another is taken out.
func Subtract(from, minus []netip.Prefix) []netip.Prefix {
	return Free(Normalise(from), minus)
}

// Intersect is what both sets have.
func Intersect(a, b []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range a {
		for _, q := range Overlapping(b, p) {
			if p.Bits() > q.Bits() {
				q = p
			}
			out = append(out, q)
		}
	}
	return Normalise(out)
}

// Free is the free space of parents around what is occupied, as the largest aligned blocks. No block spans two
// parents, even where they are neighbours; normalise the parents first to let it. Parents must not overlap.
func Free(parents, occupied []netip.Prefix) []netip.Prefix {
	occ := Normalise(occupied)
	sorted := slices.SortedFunc(slices.Values(parents), Compare)
	var out []netip.Prefix
	for _, p := range sorted {
		if p.IsValid() {
			out = free(out, p.Masked(), occ)
		}
	}
	return out
}

// free appends what is left of p. Normalised prefixes are disjoint and sorted, so those that lie in p are a run,
// and one that contains p is the last that does not start behind it.
func free(out []netip.Prefix, p netip.Prefix, occ []netip.Prefix) []netip.Prefix {
	i := sort.Search(len(occ), func(i int) bool { return Compare(occ[i], p) > 0 })
	if i > 0 && Contains(occ[i-1], p) {
		return out
	}
	j := i
	for j < len(occ) && p.Contains(occ[j].Addr()) {
		j++
	}
	if i == j {
		return append(out, p)
	}
	lower, upper := Halves(p)
	return free(free(out, lower, occ[i:j]), upper, occ[i:j])
}
