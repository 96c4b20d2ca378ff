package aws

import (
	"net/netip"
	"testing"
)

func TestAnIPv4PrefixNumbersItsIPv6Prefix(t *testing.T) {
	t.Parallel()
	x := pairing{netip.MustParsePrefix("2600:1f00:0:700::/64")}
	for p, want := range map[string]string{
		"10.2.3.16/28":  "2600:1f00:0:700:310::/80",
		"10.2.128.0/17": "2600:1f00:0:700:8000::/80",
	} {
		if got := x.IPv6For(netip.MustParsePrefix(p)).String(); got != want {
			t.Errorf("%s goes with %s, want %s", got, p, want)
		}
	}
}

// Prefixes of one subnet that do not overlap have IPv6 prefixes that do not.
func TestDisjointPrefixesHaveDisjointIPv6(t *testing.T) {
	t.Parallel()
	x := pairing{netip.MustParsePrefix("2600:1f00:0:700::/64")}
	seen := map[netip.Prefix]netip.Prefix{}
	for n := range 1 << 12 { // every /28 of a /16
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 2, byte(n >> 4), byte(n << 4)}), 28)
		six := x.IPv6For(p)
		if was, ok := seen[six]; ok || six != six.Masked() || !x.block.Contains(six.Addr()) || six.Bits() != 80 {
			t.Fatalf("%s goes with %s and %s", six, p, was)
		}
		seen[six] = p
	}
}
