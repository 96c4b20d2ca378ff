package cloud_test

import (
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// same pairs every prefix with one.
type same netip.Prefix

func (s same) IPv6For(netip.Prefix) netip.Prefix { return netip.Prefix(s) }

func TestTheIPv6PrefixThatGoesWithARange(t *testing.T) {
	t.Parallel()
	delegated, paired := netip.MustParsePrefix("fd20::/112"), same(netip.MustParsePrefix("fd30::/80"))
	for name, c := range map[string]struct {
		of   cloud.Interface
		p    string
		want string
	}{
		"what is delegated":   {cloud.Interface{Delegated: delegated}, "10.2.3.0/24", "fd20::/112"},
		"none":                {cloud.Interface{}, "10.2.3.0/24", "invalid Prefix"},
		"what is paired":      {cloud.Interface{Paired: paired}, "10.2.3.16/28", "fd30::/80"},
		"none goes with IPv6": {cloud.Interface{Paired: paired}, "fd00::/80", "invalid Prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.of.PodIPv6(netip.MustParsePrefix(c.p)).String(); got != c.want {
				t.Errorf("%s goes with %s, want %s", got, c.p, c.want)
			}
		})
	}
}
