package claims

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// grown is an entry of which parts were there before us.
func grown(n int, before ...string) allocator.Allocation {
	e := entry(n)
	var parts []netip.Prefix
	for _, p := range before {
		parts = append(parts, netip.MustParsePrefix(p))
	}
	e.Before = prefix.PartsOf(parts...)
	return e
}

func TestWhatWasThereBeforeIsToldFromOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want allocator.Allocation
		ours string
	}{
		"the form before, ours": {
			`{"prefix":"10.0.1.0/24","nodeUID":"uid-0001","node":"node-0001","instance":"gce://p/z/node-0001","request":"pods","subnet":"nodes","range":"vn-pods-0"}`,
			entry(1), "[10.0.1.0/24]"},
		"the form before, adopted": {
			`{"prefix":"10.0.1.0/24","nodeUID":"uid-0001","node":"node-0001","instance":"gce://p/z/node-0001","adopted":true,"request":"pods","subnet":"nodes","range":"vn-pods-0"}`,
			func() allocator.Allocation { e := entry(1); e.Adopted = true; return e }(), "[]"},
		"in part": {
			`{"prefix":"10.0.1.0/24","nodeUID":"uid-0001","node":"node-0001","instance":"gce://p/z/node-0001","before":"10.0.1.0/25 10.0.1.128/28","request":"pods","subnet":"nodes","range":"vn-pods-0"}`,
			grown(1, "10.0.1.0/25", "10.0.1.128/28"), "[10.0.1.144/28 10.0.1.160/27 10.0.1.192/26]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseEntry(c.text)
			if err != nil || got != c.want {
				t.Fatalf("reads as %+v: %v", got, err)
			}
			if whole(got) != c.text {
				t.Errorf("is written as %s", whole(got))
			}
			if ours := fmt.Sprint(got.Ours()); ours != c.ours {
				t.Errorf("of it is ours %s, want %s", ours, c.ours)
			}
		})
	}
	for name, text := range map[string]string{
		"no part of it": whole(grown(1, "10.0.2.0/28")),
		"more than it":  whole(grown(1, "10.0.0.0/23")),
		"host bits":     strings.Replace(whole(grown(1, "10.0.1.0/28")), "10.0.1.0/28", "10.0.1.1/28", 1),
		"no prefix":     strings.Replace(whole(grown(1, "10.0.1.0/28")), "10.0.1.0/28", "10.0.1.0", 1),
	} {
		if e, err := parseEntry(text); err == nil {
			t.Errorf("%s: reads as %+v", name, e)
		}
	}
}

// Only ConfigMaps that an earlier release would read wrongly keep it out, and
// only as long as they would.
func TestOnlyWhatWasThereBeforeKeepsAnEarlierReleaseOut(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	formats := func(main, shard string) {
		t.Helper()
		if got := s.Data(name)[keyFormat]; got != main {
			t.Errorf("the ledger is in format %s, want %s", got, main)
		}
		if got := s.Data(name + "-holdings-0")[keyFormat]; got != shard {
			t.Errorf("its records are in format %s, want %s", got, shard)
		}
	}
	plain, e := entry(1), grown(2, "10.0.2.16/28", "10.0.2.64/28")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(l.Claim(t.Context(), plain))
	l.Settle(plain)
	l.writeShards(true)
	formats("1", "1")
	must(l.Claim(t.Context(), e))
	formats("2", "1")
	l.Settle(e)
	l.writeShards(true)
	must(l.Flush(t.Context()))
	formats("1", "2")
	must(l.Release(t.Context(), e))
	formats("2", "2")

	// What was ours rests; what was not stays in the ledger, as adopted.
	now := time.Now()
	l.RestAround(e, now.Add(time.Minute), now)
	l.writeShards(true)
	must(l.Flush(t.Context()))
	formats("1", "1")
	b := said(t, s)
	var left []allocator.Allocation
	for _, p := range e.Before.List() {
		x := e
		x.Prefix, x.Adopted, x.Before = p, true, prefix.Parts{}
		left = append(left, x)
	}
	var rests []netip.Prefix
	for _, r := range b.Resting {
		rests = append(rests, r.Prefix)
	}
	if len(b.Releases) != 2 || !reflect.DeepEqual(map[netip.Prefix]allocator.Allocation{b.Releases[0].Prefix: b.Releases[0], b.Releases[1].Prefix: b.Releases[1]},
		map[netip.Prefix]allocator.Allocation{left[0].Prefix: left[0], left[1].Prefix: left[1]}) {
		t.Errorf("left are %+v", b.Releases)
	}
	if !reflect.DeepEqual(rests, e.Ours()) {
		t.Errorf("%v rest, want %v", rests, e.Ours())
	}

	// The instance's next Node has it all.
	next := e
	next.NodeUID = "next"
	must(l.Claim(t.Context(), next))
	l.Settle(next)
	l.writeShards(true)
	must(l.Flush(t.Context()))
	if got := said(t, s).Releases; len(got) > 0 {
		t.Errorf("still to be given back: %+v", got)
	}
	_, b, err := Open(t.Context(), config(s, "b"))
	must(err)
	for _, h := range b.Held {
		if h.NodeUID == "next" && h != next {
			t.Errorf("the next leader reads %+v", h)
		}
	}
}
