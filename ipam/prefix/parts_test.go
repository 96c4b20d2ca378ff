package prefix

import (
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"unsafe"
)

func TestPartsRoundTripAndCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []netip.Prefix
		text string
	}{
		"none":                {nil, ""},
		"one":                 {pfxs("10.0.0.64/28"), "10.0.0.64/28"},
		"neighbours are one":  {pfxs("10.0.0.16/28", "10.0.0.0/28"), "10.0.0.0/27"},
		"in order, and IPv6":  {pfxs("fd00::/80", "10.0.1.0/28", "10.0.0.0/28"), "10.0.0.0/28 10.0.1.0/28 fd00::/80"},
		"what is in another":  {pfxs("10.0.0.0/24", "10.0.0.64/28"), "10.0.0.0/24"},
		"no prefix is no one": {[]netip.Prefix{{}}, ""},
	} {
		p := PartsOf(c.in...)
		if p.String() != c.text || p.IsZero() != (c.text == "") || !slices.Equal(p.List(), Normalise(c.in)) {
			t.Errorf("%s: %q, %v", name, p, p.List())
		}
		var back Parts
		if text, err := json.Marshal(p); err != nil || json.Unmarshal(text, &back) != nil || back != p {
			t.Errorf("%s: %s reads as %q: %v", name, text, back, err)
		}
	}
	for _, bad := range []string{"10.0.0.1/28", "10.0.0.0", "::ffff:10.0.0.0/120", "10.0.0.0/28,10.0.0.16/28"} {
		if p := (Parts{}); p.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q reads as %q", bad, p)
		}
	}
	if got := unsafe.Sizeof(Parts{}); got > unsafe.Sizeof(uintptr(0)) {
		t.Errorf("who has none pays %d bytes", got)
	}
}
