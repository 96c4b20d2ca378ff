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

func mustAllocate(t testing.TB, p *Pool, bits int, o Owner, now time.Time) netip.Prefix {
	t.Helper()
	q, err := p.Allocate(bits, o, now)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func (p *Pool) mustRelease(t testing.TB, q netip.Prefix, o Owner, now time.Time) {
	t.Helper()
	if err := p.Release(q, o, now); err != nil {
		t.Fatal(err)
	}
}

// order allocates n prefixes of one length and says which they were.
func order(t testing.TB, p *Pool, bits, n int, now time.Time) string {
	t.Helper()
	var out []netip.Prefix
	for range n {
		out = append(out, mustAllocate(t, p, bits, 1, now))
	}
	return fmt.Sprint(out)
}

// TestWorkedExample is the example of the package comment.
func TestWorkedExample(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("10.0.0.0/30")})
	if got := order(t, p, 32, 4, start); got != "[10.0.0.0/32 10.0.0.1/32 10.0.0.2/32 10.0.0.3/32]" {
		t.Errorf("filled in the order %s", got)
	}
	for _, q := range pfxs("10.0.0.2/32", "10.0.0.0/32", "10.0.0.3/32", "10.0.0.1/32") {
		p.mustRelease(t, q, 1, start)
	}
	if got := order(t, p, 32, 4, start); got != "[10.0.0.2/32 10.0.0.3/32 10.0.0.0/32 10.0.0.1/32]" {
		t.Errorf("given again in the order %s", got)
	}
}

// TestNeverUsedFirstThenLongestRested: one prefix at a time visits every place before any twice, and then goes round
// in the same way.
func TestNeverUsedFirstThenLongestRested(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("fd00::/40"), Quarantine: time.Second})
	now := start
	var first []netip.Prefix
	for i := range 256 {
		now = now.Add(time.Minute)
		q := mustAllocate(t, p, 48, 1, now)
		if slices.Contains(first, q) {
			t.Fatalf("number %d: %s is given again, and others were never used", i, q)
		}
		first = append(first, q)
		p.mustRelease(t, q, 1, now)
	}
	seen := map[netip.Prefix]bool{}
	for range 256 {
		now = now.Add(time.Minute)
		q := mustAllocate(t, p, 48, 1, now)
		seen[q] = true
		p.mustRelease(t, q, 1, now)
	}
	if len(seen) != 256 {
		t.Errorf("the second round gave %d of 256 places", len(seen))
	}
}

// TestLongestRestedSingleGoesFirst: where all free places are single ones, they go in the order of release.
func TestLongestRestedSingleGoesFirst(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("10.0.0.0/16"), Quarantine: time.Minute})
	for range 256 {
		mustAllocate(t, p, 24, 1, start)
	}
	r := rand.New(rand.NewPCG(1, 2))
	want := make([]netip.Prefix, 0, 128)
	for _, i := range r.Perm(128) { // one of every pair
		want = append(want, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(2*i + r.IntN(2))}), 24))
	}
	now := start
	for _, q := range want {
		now = now.Add(time.Second)
		p.mustRelease(t, q, 1, now)
	}
	if got := order(t, p, 24, 128, now.Add(time.Hour)); got != fmt.Sprint(want) {
		t.Errorf("released %v\ngiven %s", want, got)
	}
}

// TestRestingIsNeverGiven, to the microsecond, and a clock that is set back shortens no rest.
func TestRestingIsNeverGiven(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("10.0.0.0/32"), Quarantine: time.Minute})
	q := mustAllocate(t, p, 32, 1, start.Add(time.Hour))
	p.mustRelease(t, q, 1, start.Add(time.Hour))
	var e *ExhaustedError
	if _, err := p.Allocate(32, 2, start.Add(time.Hour+time.Minute)); !errors.As(err, &e) || e.Resting != prefix.NewCount(1) || e.LargestFree != -1 {
		t.Fatalf("got %v", err)
	}
	if _, err := p.Allocate(32, 2, e.NextFree.Add(-time.Nanosecond)); !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	mustAllocate(t, p, 32, 2, e.NextFree)
	p.mustRelease(t, q, 2, start)
	if _, err := p.Allocate(32, 2, start.Add(30*time.Minute)); !errors.As(err, &e) {
		t.Errorf("released by a clock set back an hour, and given before the old time plus its rest: %v", err)
	}
}

// TestReleaseIsReverseOfAllocate: when all is given back, each parent is one free block again.
func TestReleaseIsReverseOfAllocate(t *testing.T) {
	parents := pfxs("10.0.0.0/20", "10.0.16.0/22", "10.1.0.0/27")
	p := mustNew(t, Config{Parents: parents})
	r := rand.New(rand.NewPCG(3, 4))
	var all []netip.Prefix
	for {
		q, err := p.Allocate(22+r.IntN(11), 1, start)
		if err != nil {
			break
		}
		all = append(all, q)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, q := range all {
		p.mustRelease(t, q, 1, start)
	}
	if got := p.freeBlocks(); !slices.Equal(got, parents) {
		t.Errorf("free after all: %v", got)
	}
}

// TestRestoreEqualsOriginal: a pool told what another holds and rests has the same free blocks.
func TestRestoreEqualsOriginal(t *testing.T) {
	c := Config{Parents: prefix.Subtract(pfxs("fd00::/48", "fd00:1::/64"), pfxs("fd00::/60")), Quarantine: time.Minute}
	p := mustNew(t, c)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 2000 {
		q := mustAllocate(t, p, 64+r.IntN(65), Owner(i+1), start)
		if r.IntN(3) == 0 {
			p.mustRelease(t, q, Owner(i+1), start.Add(time.Duration(r.IntN(100))*time.Second))
		}
	}
	again, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for q, o := range p.held() {
		if err := again.Occupy(q, o); err != nil {
			t.Fatal(err)
		}
	}
	for q, until := range p.Resting() {
		if err := again.Rest(q, until); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := again.Allocate(64, 1, start); !errors.Is(err, ErrNotRestored) {
		t.Errorf("allocate before Restored: %v", err)
	}
	again.Restored()
	if !slices.Equal(again.freeBlocks(), p.freeBlocks()) || !maps.Equal(maps.Collect(again.held()), maps.Collect(p.held())) ||
		!slices.Equal(restingOf(again), restingOf(p)) {
		t.Errorf("restored pool differs: %v, was %v", again.exhausted(0), p.exhausted(0))
	}
}

func restingOf(p *Pool) (out []netip.Prefix) {
	for q := range p.Resting() {
		out = append(out, q)
	}
	slices.SortFunc(out, prefix.Compare)
	return out
}

// TestOrphansAreKept: what lies outside the parents is held and rests all the same, for another pool to know.
func TestOrphansAreKept(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("10.1.0.0/30"), Quarantine: time.Minute})
	held := pfx("10.0.0.0/31")
	if err := p.Occupy(held, 7); !errors.Is(err, ErrOrphan) {
		t.Fatal(err)
	}
	if o, ok := p.Lookup(held); !ok || o != 7 {
		t.Errorf("lookup of an orphan: %d, %v", o, ok)
	}
	if err := p.Occupy(held, 7); !errors.Is(err, ErrOrphan) {
		t.Errorf("occupy of an orphan: %v", err)
	}
	for _, q := range pfxs("10.0.0.0/32", "10.0.0.0/30") {
		var conflict *ConflictError
		if err := p.Occupy(q, 9); !errors.As(err, &conflict) || conflict.Owner != 7 || conflict.With != held {
			t.Errorf("occupy of %s: %v", q, err)
		}
	}
	p.mustRelease(t, held, 7, start)
	if got := maps.Collect(p.Resting()); len(got) != 1 || !got[held].Equal(start.Add(time.Minute+time.Microsecond)) {
		t.Errorf("after its release %v rest", got)
	}
	if _, ok := p.NextRest(start); ok {
		t.Error("a rest outside the parents ends inside them")
	}
}

// TestOrphanBlocksWhatItCovers: a prefix larger than a parent leaves nothing of it free.
func TestOrphanBlocksWhatItCovers(t *testing.T) {
	p := mustNew(t, Config{Parents: prefix.Subtract(pfxs("10.0.0.0/25"), pfxs("10.0.0.0/30")), Quarantine: time.Minute})
	if err := p.Occupy(pfx("10.0.0.0/24"), 5); !errors.Is(err, ErrOrphan) {
		t.Fatal(err)
	}
	var exhausted *ExhaustedError
	if _, err := p.Allocate(32, 1, start); !errors.As(err, &exhausted) || exhausted.LargestFree != -1 {
		t.Errorf("allocate: %v", err)
	}
	p.mustRelease(t, pfx("10.0.0.0/24"), 5, start)
	if _, err := p.Allocate(32, 1, start); !errors.As(err, &exhausted) {
		t.Errorf("allocate while it rests: %v", err)
	}
	mustAllocate(t, p, 26, 1, start.Add(time.Hour))
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		parent string
		bits   int
		want   string
	}{
		{"10.0.0.0/8", 32, "10.0.0.0/32"},
		{"0.0.0.0/0", 0, "0.0.0.0/0"},
		{"0.0.0.0/0", 32, "0.0.0.0/32"},
		{"fd00::/48", 80, "fd00::/80"},
		{"fd00::/16", 128, "fd00::/128"},
		{"fd00::/16", 16, "fd00::/16"},
		{"::/0", 128, "::/128"},
		{"fd00::1/128", 128, "fd00::1/128"},
	} {
		p := mustNew(t, Config{Parents: pfxs(c.parent)})
		q := mustAllocate(t, p, c.bits, 1, start)
		if q != pfx(c.want) {
			t.Errorf("/%d of %s: got %s", c.bits, c.parent, q)
		}
		p.mustRelease(t, q, 1, start)
		if got := p.freeBlocks(); !slices.Equal(got, pfxs(c.parent)) {
			t.Errorf("/%d of %s given back: free %v", c.bits, c.parent, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("10.0.0.0/24")})
	held := mustAllocate(t, p, 28, 3, start)
	_, overlap := New(Config{Parents: pfxs("10.0.0.0/24", "10.0.0.0/25")})
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"parents overlap", "making a pool: parent 10.0.0.0/25 overlaps parent 10.0.0.0/24", overlap},
		{"owner 0", "owner 0 is no owner", p.Occupy(pfx("10.0.0.0/30"), 0)},
		{"host bits", `occupying: prefix "10.0.0.1/24": it has bits set beyond its length; did you mean 10.0.0.0/24?`, p.Occupy(pfx("10.0.0.1/24"), 1)},
		{"other family", `occupying: prefix "fd00::/64": it is IPv6 where IPv4 is wanted`, p.Occupy(pfx("fd00::/64"), 1)},
		{"conflict", "prefix 10.0.0.0/30 overlaps 10.0.0.0/28, which owner 3 holds", p.Occupy(pfx("10.0.0.0/30"), 1)},
		{"conflict with a part", "prefix 10.0.0.0/24 overlaps 10.0.0.0/28, which owner 3 holds", p.Occupy(pfx("10.0.0.0/24"), 1)},
		{"stranger", "prefix 10.0.0.0/28 is not held by owner 4, but by owner 3", p.Release(held, 4, start)},
		{"not held", "prefix 10.0.0.0/29 is not held by owner 3, nor by anyone else", p.Release(pfx("10.0.0.0/29"), 3, start)},
		{"exhausted", "no free /24: 240 addresses are free, the largest free block is a /25, 0 addresses are quarantined; add a range or release some", failed(p.Allocate(24, 1, start))},
		{"no such size", "a prefix length of 33 is not between 0 and 32", failed(p.Allocate(33, 1, start))},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, c.err, c.want)
		}
	}
}

func failed(_ netip.Prefix, err error) error { return err }

// TestNoHeapAllocationInSteadyState at several occupancies, with a quarantine and without.
func TestNoHeapAllocationInSteadyState(t *testing.T) {
	for _, quarantine := range []time.Duration{0, 10 * time.Millisecond} {
		for _, percent := range []int{50, 90, 99} {
			p := mustNew(t, Config{Parents: pfxs("10.0.0.0/12"), Quarantine: quarantine})
			now := start
			all := make([]netip.Prefix, 4096)
			for i := range all {
				all[i] = mustAllocate(t, p, 24, 1, now)
			}
			r := rand.New(rand.NewPCG(7, uint64(percent)))
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			keep := len(all) * percent / 100
			for _, q := range all[keep:] {
				p.mustRelease(t, q, 1, now)
			}
			now = now.Add(time.Second)
			step := func() {
				now = now.Add(time.Millisecond)
				i := r.IntN(keep)
				p.mustRelease(t, all[i], 1, now)
				all[i] = mustAllocate(t, p, 24, 1, now)
			}
			for range 20000 {
				step()
			}
			if n := testing.AllocsPerRun(5000, step); n != 0 {
				t.Errorf("quarantine %s, %d %%: %v heap allocations an operation", quarantine, percent, n)
			}
		}
	}
}

// TestMemoryIsInStepWithUse: 24 bytes a prefix, and in a huge parent the past does not pile up.
func TestMemoryIsInStepWithUse(t *testing.T) {
	p := mustNew(t, Config{Parents: pfxs("fd00::/16")})
	for range 1 << 16 {
		mustAllocate(t, p, 128, 1, start)
	}
	if f := p.Footprint(); f.Nodes > 24<<16 || f.Index*8 > 8<<16 {
		t.Errorf("65,536 held: %+v", f)
	}
	p = mustNew(t, Config{Parents: pfxs("fd00::/16")})
	for i := range 30_000 { // every time a place far from the last
		q := netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0, byte(i >> 16), byte(i >> 8), byte(i)}), 64)
		if err := p.Occupy(q, 1); err != nil {
			t.Fatal(err)
		}
		p.mustRelease(t, q, 1, start)
	}
	if f := p.Footprint(); f.Index+f.Nodes > 4<<20 {
		t.Errorf("one held at a time: %+v", f)
	}
}

// reader turns fuzz input into choices; when it is used up, all choices are 0.
type reader []byte

func (r *reader) pick(n int) int {
	if len(*r) == 0 || n < 1 {
		return 0
	}
	v := int((*r)[0])
	*r = (*r)[1:]
	if n > 256 && len(*r) > 0 {
		v |= int((*r)[0]) << 8
		*r = (*r)[1:]
	}
	return v % n
}

// FuzzPool takes steps as the input says, on the pool and on its twin.
func FuzzPool(f *testing.F) {
	f.Add([]byte("\x00\x08allocate, release, occupy, rest"))
	f.Add([]byte{3, 17, 0, 1, 0, 2, 6, 0, 1, 12, 4, 5, 1, 15, 9, 2, 17, 0, 1, 17, 1, 30, 3, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := reader(in)
		w := worlds[r.pick(len(worlds))]
		x := newPair(t, w.universe, w.config, r.pick)
		kinds := []int{11, 14, 16}[r.pick(3)]
		for n := 0; len(r) > 0 && n < 100; n++ {
			x.step(kinds)
		}
		x.compare()
	})
}
