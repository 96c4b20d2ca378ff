package aws

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"go4.org/netipx"
)

// A slow twin: the same addresses, in the fewest prefixes, is what a table of
// all /28s of a /20 says.
func TestJoinedHoldsTheSameAddressesInTheFewestPrefixes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	all := units(netip.MustParsePrefix("10.0.0.0/20"))
	for range 2000 {
		held := map[netip.Prefix]bool{}
		var list []netip.Prefix
		for range r.IntN(40) {
			p := all[r.IntN(64)*r.IntN(5)]
			held[p] = true
			list = append(list, p)
		}
		var slow []netip.Prefix
		var cover func(p netip.Prefix)
		cover = func(p netip.Prefix) {
			n := 0
			for _, q := range units(p) {
				if held[q] {
					n++
				}
			}
			switch {
			case n == 0:
			case n == len(units(p)):
				slow = append(slow, p)
			default:
				left := netip.PrefixFrom(p.Addr(), p.Bits()+1)
				cover(left)
				cover(netip.PrefixFrom(netipx.PrefixLastIP(left).Next(), p.Bits()+1))
			}
		}
		cover(netip.MustParsePrefix("10.0.0.0/20"))
		if got := joined(list); !slices.Equal(got, slow) {
			t.Fatalf("joined(%v) = %v, want %v", list, got, slow)
		}
	}
}

func TestPiecesAreTheWholeOfARun(t *testing.T) {
	t.Parallel()
	for bits := 20; bits <= delegatedBits; bits++ {
		p := netip.PrefixFrom(netip.MustParseAddr("10.0.16.0"), bits)
		got := units(p)
		if len(got) != 1<<(delegatedBits-bits) || !slices.Equal(joined(got), []netip.Prefix{p}) {
			t.Errorf("units(%s) = %v", p, got)
		}
	}
}

func TestLastOf(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]string{"10.0.0.0/16": "10.0.255.255", "10.0.1.16/28": "10.0.1.31", "10.1.1.1/32": "10.1.1.1", "fd00::/80": "fd00::ffff:ffff:ffff"} {
		if got := netipx.PrefixLastIP(netip.MustParsePrefix(p)); got.String() != want {
			t.Errorf("netipx.PrefixLastIP(%s) = %s, want %s", p, got, want)
		}
	}
}

func TestProviderIDs(t *testing.T) {
	t.Parallel()
	for id, ok := range map[string]bool{
		"aws:///eu-west-1a/i-0123456789abcdef0": true, "aws:///us-west-2-lax-1a/i-01234567": true,
		"aws://eu-west-1a/i-0123456789abcdef0": false, "aws:///eu-west-1a/vm": false, "aws:////i-0123456789abcdef0": false,
		"aws:///eu-west-1a/i-0123456789abcdef0/x": false, "gce://p/z/i-0123456789abcdef0": false, "": false,
	} {
		ref, got := parseProviderID(id)
		if got != ok || ok && ref.providerID() != id {
			t.Errorf("parseProviderID(%q) = %+v, %v", id, ref, got)
		}
	}
	for zone, ok := range map[string]bool{"us-west-2a": true, "us-west-2-lax-1a": true, "us-west-2-wl1-las-wlz-1": true, "us-west-2-las-1b": true, "us-west-1a": false, "us-west-2": false, "us-west-21": false, "us-west-2aa": false} {
		if inRegion(zone, "us-west-2") != ok {
			t.Errorf("%s in us-west-2: %v, want %v", zone, !ok, ok)
		}
	}
}
