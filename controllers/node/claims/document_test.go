package claims

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

func entry(n int) allocator.Allocation {
	return allocator.Allocation{
		Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 0}), 24),
		Holder: allocator.Holder{NodeUID: types.UID(fmt.Sprintf("uid-%04d", n)), Node: fmt.Sprintf("node-%04d", n), Instance: fmt.Sprintf("gce://p/z/node-%04d", n)},
		Key:    allocator.Key{Request: "pods", Subnet: "nodes"}, Range: "vn-pods-0",
	}
}

func TestTheDocumentRoundTrips(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var want Records
		for n := range rnd.IntN(20) {
			e := entry(n)
			e.Node += []string{"", "\n", "\"", "é", " ", "\u2028"}[rnd.IntN(6)]
			if rnd.IntN(2) == 0 {
				e.Delegated = netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x20, 11: byte(n)}), 112)
			}
			switch rnd.IntN(3) {
			case 0:
				want.Claims = append(want.Claims, e)
			case 1:
				want.Releases = append(want.Releases, e)
			default:
				// Every second prefix only: neighbours would be aggregated.
				p := netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(n), byte(2 * n), 0}), 24)
				want.Resting = append(want.Resting, allocator.Resting{Prefix: p, Until: time.Unix(1_000_000, 0).UTC().Add(time.Duration(n/4) * restGrain)})
			}
		}
		got, err := parse(fromRecords(want).render())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got\n%+v\nwant\n%+v", seed, got, want)
		}
	}
}

// whole is an entry on a line of its own.
func whole(e allocator.Allocation) string { return lineOf(e).own + lineOf(e).place }

func TestWhatIsCommonStandsOnce(t *testing.T) {
	t.Parallel()
	var b Records
	for n := range 300 {
		e := entry(n)
		e.Range = fmt.Sprint("a-range-with-a-long-name-", n%2)
		b.Claims = append(b.Claims, e)
	}
	text := fromRecords(b).render()[keyClaims]
	if n := strings.Count(text, "a-range-with"); n != 2 {
		t.Errorf("two places are written %d times", n)
	}
	// Entries each on a line of their own mean the same.
	var lines strings.Builder
	for _, e := range b.Claims {
		lines.WriteString(whole(e) + "\n")
	}
	got, err := parse(map[string]string{keyClaims: lines.String()})
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("read as %+v: %v", got, err)
	}
}

func TestCorruptLinesAreRefused(t *testing.T) {
	t.Parallel()
	good := whole(entry(1))
	for name, data := range map[string]map[string]string{
		"half a line":                {keyClaims: good + "\n" + good[:len(good)/2]},
		"an open line cut short":     {keyClaims: joined(maps.Values(map[types.UID]line{"a": lineOf(entry(1))}))[:150]},
		"an open line without place": {keyClaims: lineOf(entry(1)).own + openMark},
		"a place cut short":          {keyClaims: placeMark + lineOf(entry(1)).place[:20] + "\n" + lineOf(entry(1)).own + openMark},
		"no JSON":                    {keyReleases: "hello"},
		"two on a line":              {keyClaims: good + good},
		"no prefix":                  {keyClaims: `{"nodeUID":"a","node":"n"}`},
		"an empty prefix":            {keyClaims: `{"nodeUID":"a","prefix":""}`},
		"no UID":                     {keyClaims: `{"prefix":"10.0.0.0/24"}`},
		"host bits":                  {keyClaims: `{"nodeUID":"a","prefix":"10.0.0.1/24"}`},
		"delegated host bits":        {keyClaims: `{"nodeUID":"a","prefix":"10.0.0.0/24","delegated":"fd20::1/112"}`},
		"IPv4 in IPv6":               {keyReleases: `{"nodeUID":"a","prefix":"::ffff:10.0.0.0/120"}`},
		"a rest without a time":      {keyResting: "10.0.0.0/24"},
		"a rest of no prefix":        {keyResting: "2026-01-01T00:00:00Z 10.0.0.0"},
		"a rest with host bits":      {keyResting: "2026-01-01T00:00:00Z 10.0.0.7/24"},
		"a rest until time runs out": {keyResting: "9999-12-31T23:59:59Z 10.0.0.0/24"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if b, err := parse(data); err == nil {
				t.Errorf("read as %+v", b)
			} else if !strings.Contains(err.Error(), "line") {
				t.Errorf("%q does not say which line", err)
			}
		})
	}
}

func TestRestsAreRoundedUpAndAggregated(t *testing.T) {
	t.Parallel()
	d := newDocument()
	base := time.Unix(1_000_000, 0).UTC() // on the grain
	for n, late := range []time.Duration{0, 1, time.Second, 9 * time.Second, restGrain} {
		d.rest(entry(n).Prefix, base.Add(late), base.Add(-time.Hour))
	}
	got, err := parse(d.render())
	if err != nil {
		t.Fatal(err)
	}
	want := []allocator.Resting{
		{Prefix: netip.MustParsePrefix("10.0.0.0/24"), Until: base},
		{Prefix: netip.MustParsePrefix("10.0.1.0/24"), Until: base.Add(restGrain)},
		{Prefix: netip.MustParsePrefix("10.0.2.0/23"), Until: base.Add(restGrain)},
		{Prefix: netip.MustParsePrefix("10.0.4.0/24"), Until: base.Add(restGrain)},
	}
	if !slices.Equal(got.Resting, want) {
		t.Errorf("got  %v\nwant %v", got.Resting, want)
	}
	d.rest(netip.MustParsePrefix("10.9.0.0/24"), base.Add(2*restGrain), base.Add(restGrain+1))
	if len(d.resting) != 1 {
		t.Errorf("rests that are over are kept: %v", d.resting)
	}
}

func TestTheSizeIsCounted(t *testing.T) {
	t.Parallel()
	d := newDocument()
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		e := entry(rnd.IntN(20))
		e.Node = strings.Repeat("x", rnd.IntN(50))
		switch rnd.IntN(7) {
		case 0, 1:
			d.claim(e)
		case 2, 3:
			d.release(e)
			e.NodeUID += "-heir"
			d.release(e)
		case 4:
			d.endClaim(e.NodeUID)
		case 5:
			d.endReleasesOf(e.Prefix)
		default:
			d.endRelease([]types.UID{"", e.NodeUID}[rnd.IntN(2)], e.Prefix)
		}
		want := 0
		for _, l := range slices.AppendSeq(slices.Collect(maps.Values(d.claims)), d.allReleases()) {
			want += l.size()
		}
		if d.size != want {
			t.Fatalf("size is %d, want %d", d.size, want)
		}
		data := d.render()
		if written := len(data[keyClaims]) + len(data[keyReleases]); written > d.size {
			t.Fatalf("%d bytes are written, and the size is %d", written, d.size)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole(entry(1))+"\n"+whole(entry(2)), whole(entry(3)), "2026-01-01T00:00:00Z 10.0.0.0/24 fd00::/64\n")
	f.Add("", "\n\n", " ")
	f.Add(`{"prefix":"0.0.0.0/0","nodeUID":"x"}`, "null", "0000-01-01T00:00:00+23:59 10.0.0.0/8 10.0.0.0/24")
	f.Fuzz(func(t *testing.T, claims, releases, resting string) {
		first, err := parse(map[string]string{keyClaims: claims, keyReleases: releases, keyResting: resting})
		if err != nil {
			return
		}
		rendered := fromRecords(first).render()
		second, err := parse(rendered)
		if err != nil {
			t.Fatalf("%q does not parse: %v", rendered, err)
		}
		third, err := parse(fromRecords(second).render())
		if err != nil || !reflect.DeepEqual(second, third) {
			t.Fatalf("not stable: %v\n%+v\n%+v", err, second, third)
		}
		for _, r := range first.Resting { // nothing rests shorter than it was to
			if !slices.ContainsFunc(second.Resting, func(s allocator.Resting) bool {
				return s.Prefix.Contains(r.Prefix.Addr()) && !s.Until.Before(r.Until)
			}) {
				t.Fatalf("%v is not in %v", r, second.Resting)
			}
		}
	})
}
