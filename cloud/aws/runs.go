package aws

import (
	"fmt"
	"net/netip"
	"slices"
)

// The lengths of every IPv4 and IPv6 prefix that EC2 delegates.
const (
	delegatedBits = 28
	ipv6Bits      = 80
)

// units are the /28s of an IPv4 prefix, in order. An IPv6 one is its own only
// unit: one /80 is more than any node needs.
func units(p netip.Prefix) []netip.Prefix {
	if !p.Addr().Is4() {
		return []netip.Prefix{p}
	}
	var out []netip.Prefix
	for a := p.Addr(); p.Contains(a); a = lastOf(out[len(out)-1]).Next() {
		out = append(out, netip.PrefixFrom(a, delegatedBits))
	}
	return out
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for n := p.Bits(); n < len(b)*8; n++ {
		b[n/8] |= 0x80 >> (n % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// joined puts neighbours together: the fewest prefixes that hold the same
// addresses, in order. EC2 shows single /28s; a node's pod range is the block
// that they make.
func joined(list []netip.Prefix) []netip.Prefix {
	list = slices.SortedFunc(slices.Values(list), netip.Prefix.Compare)
	var out []netip.Prefix
	for _, p := range list {
		if n := len(out); n > 0 && out[n-1].Overlaps(p) {
			continue // sorted: it lies within the one before
		}
		out = append(out, p)
		for len(out) > 1 {
			parent, ok := parentOf(out[len(out)-2], out[len(out)-1])
			if !ok {
				break
			}
			out = append(out[:len(out)-2], parent)
		}
	}
	return out
}

// parentOf is the prefix whose halves both are.
func parentOf(a, b netip.Prefix) (netip.Prefix, bool) {
	if a.Bits() != b.Bits() || a.Bits() == 0 || a == b {
		return netip.Prefix{}, false
	}
	p := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
	return p, p.Contains(b.Addr())
}

// parse reads a CIDR as the cloud writes it, or a lone address.
func parse(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("the cloud gave %q, which is no range", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func parseAll(list []string) (out []netip.Prefix, err error) {
	for _, s := range list {
		p, err := parse(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
