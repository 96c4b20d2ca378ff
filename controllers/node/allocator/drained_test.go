package allocator

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/ipam/pool"
)

var (
	low  = netip.MustParsePrefix("10.0.0.0/28")
	high = netip.MustParsePrefix("10.0.1.0/28")
)

// leaving rebuilds the allocator with two ranges, the higher of which leaves.
func leaving(t *testing.T, b *Allocator, leaves bool, now time.Time) {
	t.Helper()
	got := b.Rebuild([]Definition{{Key: key, Ranges: []Range{
		{Name: "low", Prefix: low}, {Name: "high", Prefix: high, Leaving: leaves}}}}, World{}, now)
	if len(got.Refused) > 0 {
		t.Fatal(got.Refused)
	}
}

func TestNothingIsGivenOutOfARangeThatLeaves(t *testing.T) {
	t.Parallel()
	b := New(Config{Quarantine: rest})
	leaving(t, b, true, start)
	for _, name := range []string{"a", "b"} {
		if p := mustTake(t, b, node(name), 29, start); !low.Overlaps(p) {
			t.Errorf("%s was given %s", name, p)
		}
	}
	mustWait(t, b, node("c"), 29, start)
	if w := b.Waiters(); len(w) != 1 || w[0].Node != "c" || w[0].Wants[0] != (Want{Key: key, Bits: 29}) {
		t.Errorf("the waiters are %v", w)
	}
	leaving(t, b, false, start)
	b.Feed(start)
	if h, _ := b.Held("uid-c"); !high.Overlaps(h.Prefix) {
		t.Errorf("it stays, and c holds %v", h.Prefix)
	}
}

func TestWhatIsHeldInARangeThatLeavesStaysHeldAndRests(t *testing.T) {
	t.Parallel()
	b := New(Config{Quarantine: rest})
	leaving(t, b, false, start)
	p := netip.MustParsePrefix("10.0.1.8/29")
	if _, err := b.Adopt(node("a"), p); err != nil {
		t.Fatal(err)
	}
	leaving(t, b, true, start)
	if got := b.Look(high, start); !got.Known || got.Given || !strings.Contains(got.Held, "a holds "+p.String()) {
		t.Errorf("got %+v", got)
	}
	if got := b.Look(low, start); !got.Known || !got.Given || got.Held != "" {
		t.Errorf("got %+v", got)
	}
	b.Release("uid-a", start)
	if got := b.Look(high, start); !strings.Contains(got.Held, "quarantined") {
		t.Errorf("it does not rest: %+v", got)
	}
	leaving(t, b, false, start)
	if got := b.Look(high, start); !strings.Contains(got.Held, "quarantined") {
		t.Errorf("its rest ended when the range stayed: %+v", got)
	}
	if got := b.Look(high, start.Add(2*rest)); got.Held != "" {
		t.Errorf("its rest never ends: %+v", got)
	}
}

func TestAnUnknownRangeIsNotKnown(t *testing.T) {
	t.Parallel()
	b := New(Config{Quarantine: rest})
	if got := b.Look(low, start); got != (Outlook{}) {
		t.Errorf("before a rebuild: %+v", got)
	}
	leaving(t, b, false, start)
	if got := b.Look(netip.MustParsePrefix("10.0.0.0/27"), start); got != (Outlook{}) {
		t.Errorf("got %+v", got)
	}
	if _, err := take(b, node("a"), 27, start); err == nil {
		t.Error("a range longer than any was given")
	} else if _, ok := err.(*pool.ExhaustedError); !ok {
		t.Error(err)
	}
}

func TestARestOutlivesTheRangeItLiesIn(t *testing.T) {
	t.Parallel()
	b := New(Config{Quarantine: rest})
	whole := []Definition{{Key: key, Ranges: []Range{{Name: "low", Prefix: low}}}}
	b.Rebuild(whole, World{Began: start}, start)
	mustTake(t, b, node("a"), 28, start)
	b.Release(node("a").NodeUID, start)
	if got := b.Look(low, start); got.Rests.Before(start.Add(rest)) {
		t.Errorf("it rests until %s", got.Rests)
	}
	b.Rebuild(nil, World{Began: start.Add(rest / 4)}, start.Add(rest/4))
	b.Rebuild(nil, World{Began: start.Add(rest / 3)}, start.Add(rest/3))
	b.Rebuild(whole, World{Began: start.Add(rest / 2)}, start.Add(rest/2))
	mustWait(t, b, node("b"), 28, start.Add(rest-1))
	b.Rebuild(nil, World{Began: start.Add(2 * rest)}, start.Add(2*rest))
	b.Rebuild(whole, World{Began: start.Add(2 * rest)}, start.Add(2*rest))
	if len(b.astray) > 0 {
		t.Errorf("%v are remembered after their time", b.astray)
	}
	mustTake(t, b, node("b"), 28, start.Add(2*rest))
}

// What an instance without a Node carries keeps the prefix from others; only a
// Node's has a rest to come.
func TestALookTellsNodesFromInstances(t *testing.T) {
	t.Parallel()
	p := netip.MustParsePrefix("10.0.0.8/30")
	b := open(t, World{Attached: []Allocation{{Holder: Holder{Instance: "i-z"}, Prefix: p}}})
	if got := b.Look(whole, start); got.Held == "" || got.ByNode {
		t.Errorf("an instance's: %+v", got)
	}
	mustTake(t, b, node("a"), 30, start)
	if got := b.Look(whole, start); !got.ByNode || !strings.HasPrefix(got.Held, "a holds") {
		t.Errorf("beside a Node's: %+v", got)
	}
}
