package cloud_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// TestWithin: a learned route counts where it is no wider than some supernet; a
// wider one is told apart. What somebody made on purpose counts at any size.
func TestWithin(t *testing.T) {
	t.Parallel()
	supernets := []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16"), netip.MustParsePrefix("10.3.0.0/20"), netip.MustParsePrefix("192.168.0.0/16")}
	for text, want := range map[string]string{
		"10.2.7.0/24": "occupied", "10.2.0.0/16": "occupied", "10.2.0.0/15": "around", "10.3.0.0/16": "around", "10.3.0.0/20": "occupied",
		"10.9.0.0/16": "occupied", "10.0.0.0/8": "around", "192.168.0.0/16": "around", "172.16.0.0/12": "neither", "100.64.0.0/11": "occupied",
	} {
		for _, kind := range []cloud.Kind{cloud.DynamicRoute, cloud.StaticRoute, cloud.SecondaryRange} {
			o := cloud.Occupied{Prefix: netip.MustParsePrefix(text), Kind: kind}
			s := cloud.Within(cloud.Snapshot{Occupied: []cloud.Occupied{o}}, supernets)
			got := "neither"
			if slices.Contains(s.Occupied, o) {
				got = "occupied"
			}
			if slices.Contains(s.Around, o) {
				got = "around"
			}
			if kind != cloud.DynamicRoute {
				want = "occupied"
			}
			if got != want {
				t.Errorf("%s %s is %s, want %s", kind, text, got, want)
			}
		}
	}
}
