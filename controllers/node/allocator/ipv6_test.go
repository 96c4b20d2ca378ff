package allocator

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

var six, otherSix = netip.MustParsePrefix("fd20::/112"), netip.MustParsePrefix("fd20::1:0:0/112")

func mustDelegate(t *testing.T, b *Allocator, h Holder, p netip.Prefix) {
	t.Helper()
	if err := b.Delegate(h.NodeUID, p); err != nil {
		t.Fatalf("%s: %v", h.Node, err)
	}
}

func wantTaken(t *testing.T, b *Allocator, h Holder, p netip.Prefix, by string) {
	t.Helper()
	taken, ok := errors.AsType[*TakenError](b.Delegate(h.NodeUID, p))
	if !ok || taken.Holder.Node != by {
		t.Errorf("%s for %s: %v; want it to be %s's", p, h.Node, taken, by)
	}
}

// pair returns two Nodes that hold something, the first also six.
func pair(t *testing.T) (b *Allocator, x, y Holder) {
	b = open(t, World{})
	x, y = node("x"), node("y")
	mustTake(t, b, x, 30, start)
	mustTake(t, b, y, 30, start)
	mustDelegate(t, b, x, six)
	return b, x, y
}

func TestADelegatedPrefixHasOneNode(t *testing.T) {
	t.Parallel()
	b, x, y := pair(t)
	mustDelegate(t, b, x, six)
	for _, p := range []netip.Prefix{six, netip.MustParsePrefix("fd20::/64"), netip.MustParsePrefix("fd20::8/128")} {
		wantTaken(t, b, y, p, "x")
	}
	mustDelegate(t, b, y, otherSix)
	wantTaken(t, b, x, otherSix, "y")
	if h, _ := b.Held(x.NodeUID); h.Delegated != six {
		t.Errorf("a refusal changed it to %s", h.Delegated)
	}
}

func TestADelegatedPrefixGoesWithItsHolding(t *testing.T) {
	t.Parallel()
	heir := Holder{NodeUID: "uid-heir", Node: "x", Instance: "i-x"}
	for name, c := range map[string]struct {
		end  func(b *Allocator, x Holder)
		free bool
	}{
		"another is delegated": {func(b *Allocator, x Holder) { _ = b.Delegate(x.NodeUID, netip.MustParsePrefix("fd20::7:0:0/112")) }, true},
		"released":             {func(b *Allocator, x Holder) { b.MarkDurable(x.NodeUID); b.Release(x.NodeUID, start) }, true},
		"dropped":              {func(b *Allocator, x Holder) { b.Drop(x.NodeUID) }, true},
		"ceded":                {func(b *Allocator, x Holder) { b.ReleaseToForeign(x.NodeUID) }, true},
		"handed over":          {func(b *Allocator, x Holder) { b.Transfer(x.NodeUID, heir) }, false},
		"published":            {func(b *Allocator, x Holder) { b.MarkPublished(x.NodeUID) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, x, y := pair(t)
			c.end(b, x)
			if err := b.Delegate(y.NodeUID, six); (err == nil) != c.free {
				t.Errorf("for another Node: %v, want free %v", err, c.free)
			}
			if len(b.delegated.by) > 2 {
				t.Errorf("it knows %v", b.delegated.by)
			}
		})
	}
}

func TestANewDelegatedPrefixIsUnsavedUntilItIsDurable(t *testing.T) {
	t.Parallel()
	b, x, _ := pair(t)
	for _, p := range []netip.Prefix{six, otherSix} {
		mustDelegate(t, b, x, p)
		if h, _ := b.Held(x.NodeUID); !h.Unsaved {
			t.Errorf("%s counts as saved", p)
		}
		rebuild(t, b, World{}, start)
		if h, _ := b.Held(x.NodeUID); !h.Unsaved || h.Delegated != p {
			t.Errorf("a rebuild makes %+v of it", h)
		}
		b.MarkDurable(x.NodeUID)
		if h, _ := b.Held(x.NodeUID); h.Unsaved || h.Delegated != p {
			t.Errorf("in the ledger it is %+v", h)
		}
	}
}

// What an earlier leader claimed for a Node, it may publish at any moment.
func TestAClaimOfAnEarlierLeaderKeepsTheDelegatedPrefix(t *testing.T) {
	t.Parallel()
	x, y, z := node("x"), node("y"), node("z")
	first, second := netip.MustParsePrefix("10.0.0.0/30"), netip.MustParsePrefix("10.0.0.4/30")
	b := New(Config{Quarantine: rest})
	got := rebuild(t, b, World{
		Nodes:    []Allocation{{Holder: y, Prefix: second, Delegated: otherSix, Published: true}},
		Promised: []Allocation{{Holder: x, Prefix: first, Delegated: six}, {Holder: y, Prefix: second, Delegated: six}},
	}, start.Add(time.Second))
	mustTake(t, b, z, 30, start.Add(time.Second))
	wantTaken(t, b, z, six, "x")
	wantTaken(t, b, z, otherSix, "y")
	if h, _ := b.Held(x.NodeUID); h.Delegated != six || h.Unsaved {
		t.Errorf("x holds %+v", h)
	}
	if len(got.Collisions) != 0 {
		t.Errorf("collisions %v", got.Collisions)
	}
	// Two Nodes that publish one prefix are told of.
	b = New(Config{Quarantine: rest})
	got = rebuild(t, b, World{Nodes: []Allocation{
		{Holder: x, Prefix: first, Delegated: six, Published: true}, {Holder: y, Prefix: second, Delegated: six, Published: true}}}, start)
	if len(got.Collisions) != 1 || got.Collisions[0].Allocation.Node != "y" {
		t.Errorf("collisions %v", got.Collisions)
	}
}
