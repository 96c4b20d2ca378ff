package aws

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"
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
	for a := p.Addr(); p.Contains(a); a = netipx.PrefixLastIP(out[len(out)-1]).Next() {
		out = append(out, netip.PrefixFrom(a, delegatedBits))
	}
	return out
}

// joined puts neighbours together: the fewest prefixes that hold the same
// addresses, in order. EC2 shows single /28s; a node's pod range is the block
// that they make.
func joined(list []netip.Prefix) []netip.Prefix {
	var b netipx.IPSetBuilder
	for _, p := range list {
		b.AddPrefix(p)
	}
	all, err := b.IPSet()
	if err != nil { // a prefix that is none: parse gives no such
		return list
	}
	return all.Prefixes()
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
