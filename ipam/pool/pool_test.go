package pool

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func pfxs(s ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, x := range s {
		out = append(out, pfx(x))
	}
	return out
}

// mustNew is a restored pool.
func mustNew(t testing.TB, c Config) *Pool {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	p.Restored()
	return p
}

// freeBlocks reads the free index.
func (p *Pool) freeBlocks() []netip.Prefix {
	var out []netip.Prefix
	for b := range p.levels.at {
		l := &p.levels.at[b]
		for id := l.chunks; id != 0; id = p.chunks.at(id).next {
			c := p.chunks.at(id)
			for s := range uint32(chunkPairs) {
				if free, half, mark := c.pair(s); free&mark == 1 {
					q := p.where(makeRef(id, s<<1|half))
					out = append(out, q.addr.prefix(p.width, q.bits))
				}
			}
		}
		for i := l.head; i != 0; i = p.nodes.at(i).next {
			q := p.where(p.nodes.at(i).ref)
			out = append(out, q.addr.prefix(p.width, q.bits))
		}
	}
	slices.SortFunc(out, prefix.Compare)
	return out
}

// pair is a pool beside its twin. Every step is done to both and compared.
type pair struct {
	t    testing.TB
	p    *Pool
	w    *twin
	now  time.Time
	pick func(n int) int

	// ordered: only steps were taken after which the order of places is promised.
	ordered bool
	next    Owner
}

func newPair(t testing.TB, universe netip.Prefix, c Config, pick func(int) int) *pair {
	return &pair{t: t, p: mustNew(t, c), w: newTwin(universe, c), now: start, pick: pick, ordered: true}
}

// prefix is any one inside the universe.
func (x *pair) prefix() netip.Prefix {
	row := x.pick(len(x.w.cells))
	width := x.w.universe.Addr().BitLen()
	return netip.PrefixFrom(x.w.addr(row), width-x.pick(width-x.w.universe.Bits()+1)).Masked()
}

func (x *pair) allocate() {
	width := x.w.universe.Addr().BitLen()
	bits := width - x.pick(width-x.w.universe.Bits()+1)
	x.next++
	got, err := x.p.Allocate(bits, x.next, x.now)
	x.w.wake(x.now)
	var from netip.Prefix // the free block it comes from
	best := -1
	for _, f := range x.w.free() {
		if f.Bits() <= bits {
			best = max(best, f.Bits())
		}
		if err == nil && prefix.Contains(f, got) {
			from = f
		}
	}
	switch {
	case best < 0:
		var e *ExhaustedError
		if !errors.As(err, &e) {
			x.t.Fatalf("allocate /%d: nothing fits, got %v, %v", bits, got, err)
		}
		return
	case err != nil:
		x.t.Fatalf("allocate /%d: a /%d is free: %v", bits, best, err)
	case !from.IsValid():
		x.t.Fatalf("allocate /%d: %s is not free", bits, got)
	case got.Bits() != bits || from.Bits() != best:
		x.t.Fatalf("allocate /%d: %s out of %s, but the smallest fitting block is a /%d", bits, got, from, best)
	}
	if x.ordered {
		x.checkOrder(got, from)
	}
	x.w.occupy(got, x.next)
}

// checkOrder: never-used places first, the lowest of a block; then the one that has been whole for longest.
func (x *pair) checkOrder(got, from netip.Prefix) {
	fresh := x.w.hasFresh(from)
	for _, f := range x.w.free() {
		if f.Bits() != from.Bits() {
			continue
		}
		if !fresh && (x.w.hasFresh(f) || x.w.whole(f) < x.w.whole(from)) {
			x.t.Fatalf("took %s (whole since %d) before %s (whole since %d)", from, x.w.whole(from), f, x.w.whole(f))
		}
	}
	for from != got {
		lower, upper := prefix.Halves(from)
		in, out := lower, upper
		if prefix.Contains(upper, got) {
			in, out = upper, lower
		}
		inFresh, outFresh := x.w.hasFresh(in), x.w.hasFresh(out)
		switch {
		case !inFresh && outFresh, inFresh && outFresh && in == upper:
			x.t.Fatalf("took %s: the half %s goes first, it has never-used space", got, out)
		case !inFresh && x.w.whole(out) < x.w.whole(in):
			x.t.Fatalf("took %s: the half %s goes first, whole since %d and not %d", got, out, x.w.whole(out), x.w.whole(in))
		}
		from = in
	}
}

// release gives back what is held; one in eight times in the name of someone else, which is refused.
func (x *pair) release(rest bool) {
	if len(x.w.held) == 0 {
		return
	}
	h := x.w.held[x.pick(len(x.w.held))]
	give := x.p.Free
	until := time.Time{}
	if rest {
		give = func(q netip.Prefix, o Owner) error { return x.p.Release(q, o, x.now) }
		if x.w.rest > 0 {
			until = x.now.Add(x.w.rest + time.Microsecond)
		}
	}
	if x.pick(8) == 0 {
		var e *NotHeldError
		if err := give(h.pfx, h.owner+1); !errors.As(err, &e) || e.Holder != h.owner {
			x.t.Fatalf("release %s by a stranger: %v", h.pfx, err)
		}
	}
	if err := give(h.pfx, h.owner); err != nil {
		x.t.Fatalf("release %s: %v", h.pfx, err)
	}
	x.w.giveBack(h.pfx, until)
}

func (x *pair) occupy() {
	q, o := x.prefix(), Owner(1+x.pick(1000))
	x.ordered = false
	err := x.p.Occupy(q, o)
	holder, same := x.w.holding(q)
	same = same && holder == o
	var conflict *ConflictError
	switch {
	case !same && x.w.overlapsHeld(q):
		if !errors.As(err, &conflict) {
			x.t.Fatalf("occupy %s: want a conflict, got %v", q, err)
		}
		if h, ok := x.w.holding(conflict.With); !ok || h != conflict.Owner || !conflict.With.Overlaps(q) {
			if !x.partOfOrphan(conflict) {
				x.t.Fatalf("occupy %s: conflict with %s of %d, which is not held", q, conflict.With, conflict.Owner)
			}
		}
		return
	case x.w.space(q):
		if err != nil {
			x.t.Fatalf("occupy %s: %v", q, err)
		}
	case !errors.Is(err, ErrOrphan):
		x.t.Fatalf("occupy %s: want an orphan, got %v", q, err)
	}
	if !same {
		x.w.occupy(q, o)
	}
}

func (x *pair) partOfOrphan(c *ConflictError) bool {
	return slices.ContainsFunc(x.w.held, func(h tenure) bool { return h.owner == c.Owner && prefix.Contains(h.pfx, c.With) })
}

func (x *pair) rest() {
	q := x.prefix()
	until := x.now.Add(time.Duration(x.pick(1000)) * time.Millisecond)
	x.ordered = false
	err := x.p.Rest(q, until)
	if x.w.inUse(q) {
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			x.t.Fatalf("rest %s: want a conflict, got %v", q, err)
		}
		return
	}
	if err != nil {
		x.t.Fatalf("rest %s: %v", q, err)
	}
	x.w.restUntil(q, until.Add(time.Microsecond))
}

func (x *pair) step(kinds int) {
	x.now = x.now.Add(time.Millisecond)
	switch k := x.pick(kinds); {
	case k < 5:
		x.allocate()
	case k < 9:
		x.release(true)
	case k < 10:
		x.release(false)
	case k < 11:
		x.now = x.now.Add(time.Duration(x.pick(400)) * time.Millisecond)
	case k < 14:
		x.occupy()
	default:
		x.rest()
	}
}

// compare reads all of both.
func (x *pair) compare() {
	x.t.Helper()
	x.p.wake(x.now)
	x.w.wake(x.now)
	want, resting := x.w.free(), x.w.resting()
	if got := x.p.freeBlocks(); !slices.Equal(got, want) {
		x.t.Fatalf("free:\n got %v\nwant %v", got, want)
	}
	got, orphans := maps.Collect(x.p.held()), x.p.orphans
	if len(got)+len(orphans) != len(x.w.held) {
		x.t.Fatalf("%d held, %d orphans, want %d in all", len(got), len(orphans), len(x.w.held))
	}
	for _, h := range x.w.held {
		from := orphans
		if x.w.space(h.pfx) {
			from = got
		}
		if o, ok := x.p.Lookup(h.pfx); !ok || o != h.owner || from[h.pfx] != o {
			x.t.Fatalf("lookup %s: got %d, %v, want %d", h.pfx, o, ok, h.owner)
		}
	}
	var rests []netip.Prefix
	for q := range x.p.Resting() {
		if x.w.space(q) {
			rests = append(rests, q)
		}
	}
	if rests = prefix.Normalise(rests); !slices.Equal(rests, resting) {
		x.t.Fatalf("resting:\n got %v\nwant %v", rests, resting)
	}
	e := x.p.exhausted(0).(*ExhaustedError)
	large := -1
	if len(want) > 0 {
		large = prefix.Largest(want)[0].Bits()
	}
	if e.LargestFree != large || e.Free != prefix.Total(want) || e.Resting != prefix.Total(resting) {
		x.t.Fatalf("it counts %+v; %v are free, %v rest", e, want, resting)
	}
}

var worlds = []struct {
	universe netip.Prefix
	config   Config
}{
	{pfx("10.0.0.0/24"), Config{Parents: pfxs("10.0.0.0/25"), Quarantine: 50 * time.Millisecond}},
	{pfx("10.0.0.0/24"), Config{Parents: pfxs("10.0.0.0/28", "10.0.0.16/28", "10.0.0.128/27", "10.0.0.255/32")}},
	{pfx("10.0.0.0/24"), Config{Parents: prefix.Subtract(pfxs("10.0.0.0/26", "10.0.0.192/27"), pfxs("10.0.0.8/30", "10.0.0.192/30")), Quarantine: 20 * time.Millisecond}},
	{pfx("fd00::/121"), Config{Parents: pfxs("fd00::/123", "fd00::40/122"), Quarantine: 30 * time.Millisecond}},
}

// TestTwin takes seeded random steps: NeverOverlaps, SmallestFittingBlockIsSplit, RestingIsNeverGiven,
// NeverUsedFirstThenLongestRested (kinds 11: only steps that keep the order), OrphansAreNeverFree.
func TestTwin(t *testing.T) {
	for i, w := range worlds {
		for _, kinds := range []int{11, 14, 16} {
			for seed := range uint64(12) {
				t.Run(fmt.Sprintf("%d/%d/%d", i, kinds, seed), func(t *testing.T) {
					t.Parallel()
					r := rand.New(rand.NewPCG(seed, uint64(i)))
					x := newPair(t, w.universe, w.config, r.IntN)
					for range 120 {
						x.step(kinds)
						x.compare()
					}
				})
			}
		}
	}
}
