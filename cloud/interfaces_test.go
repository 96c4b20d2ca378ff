package cloud_test

import (
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

func TestTheIPv6PrefixThatGoesWithARange(t *testing.T) {
	t.Parallel()
	block, delegated := netip.MustParsePrefix("2600:1f00:0:700::/64"), netip.MustParsePrefix("fd20::/112")
	for name, c := range map[string]struct {
		of   cloud.Interface
		p    string
		want string
	}{
		"what is delegated":            {cloud.Interface{Delegated: delegated}, "10.2.3.0/24", "fd20::/112"},
		"none":                         {cloud.Interface{}, "10.2.3.0/24", "invalid Prefix"},
		"numbered by the last 16 bits": {cloud.Interface{Pairs: block}, "10.2.3.16/28", "2600:1f00:0:700:310::/80"},
		"the same for any size that starts there": {cloud.Interface{Pairs: block}, "10.2.128.0/17", "2600:1f00:0:700:8000::/80"},
		"none goes with IPv6":                     {cloud.Interface{Pairs: block}, "fd00::/80", "invalid Prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.of.IPv6For(netip.MustParsePrefix(c.p)).String(); got != c.want {
				t.Errorf("%s goes with %s, want %s", got, c.p, c.want)
			}
		})
	}
}

// Prefixes of one subnet that do not overlap have IPv6 prefixes that do not.
func TestDisjointRangesHaveDisjointIPv6(t *testing.T) {
	t.Parallel()
	i := cloud.Interface{Pairs: netip.MustParsePrefix("2600:1f00:0:700::/64")}
	seen := map[netip.Prefix]netip.Prefix{}
	for n := range 1 << 12 { // every /28 of a /16
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 2, byte(n >> 4), byte(n << 4)}), 28)
		six := i.IPv6For(p)
		if was, ok := seen[six]; ok || six != six.Masked() || !i.Pairs.Contains(six.Addr()) || six.Bits() != 80 {
			t.Fatalf("%s goes with %s and %s", six, p, was)
		}
		seen[six] = p
	}
}
