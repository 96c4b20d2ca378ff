package allocator

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
)

const (
	rest = 10 * time.Second
	lag  = 2 * time.Second
	// nodes are ours; two more are served by others, with anything.
	nodes = 14
)

// twin is the obvious allocator: lists that are read from end to end. It does not
// foresee which prefix is given; it says whether what was given was right.
type twin struct {
	t   *testing.T
	rnd *rand.Rand
	b   *Allocator
	log []string
	now time.Time

	definitions []Definition
	nodes       map[types.UID]Allocation // what Nodes hold
	alive       map[types.UID]Holder
	others      []Allocation // what interfaces carry that is no Node's, and what Nodes publish and do not hold
	resting     []Resting
	listed      map[Key]time.Time // when the last listing of a pool's interfaces began
	waiting     map[types.UID]Waiter
	ages        int
	began       *World // what was read at Begin
	gone        map[netip.Prefix]bool
	built       bool
}

func (w *twin) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *twin) failf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), joinLines(w.log[max(0, len(w.log)-40):]))
}

func joinLines(lines []string) (out string) {
	for _, l := range lines {
		out += l + "\n"
	}
	return out
}

var twinDefinitions = []Definition{
	{Key: Key{"pods", "a"}, Ranges: []Range{
		{Name: "one", Prefix: netip.MustParsePrefix("10.0.0.0/27")}, {Name: "two", Prefix: netip.MustParsePrefix("10.0.1.0/28")}}},
	{Key: Key{"pods", "b"}, Ranges: []Range{{Name: "one", Prefix: netip.MustParsePrefix("10.0.2.0/27")}}},
}

func newTwin(t *testing.T, seed uint64) *twin {
	return &twin{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), b: New(Config{Quarantine: rest, ReadLag: lag}),
		now: time.Unix(1_000_000, 0), definitions: twinDefinitions, nodes: map[types.UID]Allocation{},
		alive: map[types.UID]Holder{}, waiting: map[types.UID]Waiter{}, listed: map[Key]time.Time{}}
}

// inUse tells what, if anything, excludes p from being given out at a time.
func (w *twin) inUse(p netip.Prefix, now time.Time) string {
	for uid, h := range w.nodes {
		if h.Prefix.Overlaps(p) {
			return "node " + string(uid)
		}
	}
	for _, k := range w.others {
		if k.Prefix.Overlaps(p) {
			return "instance " + k.Instance
		}
	}
	for _, r := range w.resting {
		if r.Prefix.Overlaps(p) && !w.over(r, now) {
			return "rests until " + r.Until.String()
		}
	}
	return ""
}

// over reports whether a rest has ended: its time has come, and a listing that
// could not show the time before it began was complete.
func (w *twin) over(r Resting, now time.Time) bool {
	for _, d := range w.definitions {
		for _, x := range d.Ranges {
			released, slack := r.Until.Add(-rest), now.Sub(w.now)
			if x.Prefix.Overlaps(r.Prefix) && w.listed[d.Key].Add(slack).Before(released.Add(lag)) {
				return false
			}
		}
	}
	return !r.Until.After(now)
}

// room reports whether a want could be met. A rest may last a moment longer
// than was said, never shorter.
func (w *twin) room(wants []Want) (netip.Prefix, bool) {
	for _, want := range wants {
		for _, d := range w.definitions {
			if d.Key != want.Key {
				continue
			}
			for _, r := range d.Ranges {
				for a := r.Prefix.Addr(); r.Prefix.Contains(a); {
					p := netip.PrefixFrom(a, want.Bits)
					if p.Masked() == p && want.Bits >= r.Prefix.Bits() && w.inUse(p, w.now.Add(-time.Millisecond)) == "" {
						return p, true
					}
					a = a.Next()
				}
			}
		}
	}
	return netip.Prefix{}, false
}

// given records and judges what a Node was given.
func (w *twin) given(uid types.UID, h Allocation, wants []Want) {
	w.t.Helper()
	if !w.built {
		w.failf("%v was given before the rebuild", h)
	}
	if why := w.inUse(h.Prefix, w.now); why != "" {
		w.failf("%s was given to %s, but: %s", h.Prefix, uid, why)
	}
	if !slices.Contains(wants, Want{h.Key, h.Prefix.Bits()}) {
		w.failf("%v was given, wanted %v", h, wants)
	}
	w.nodes[uid] = h
	delete(w.waiting, uid)
}

// served takes over what waiting Nodes were given, and sees that no younger
// one of equal wants was served before an older.
func (w *twin) served() {
	w.t.Helper()
	var got []Waiter
	for uid, n := range w.waiting {
		if h, ok := w.b.Held(uid); ok {
			w.given(uid, h, n.Wants)
			got = append(got, n)
		}
	}
	for _, young := range got {
		for _, old := range w.waiting {
			if old.Since.Before(young.Since) && slices.Equal(old.Wants, young.Wants) {
				w.failf("%s was served before %s, which waits longer", young.Node, old.Node)
			}
		}
	}
}

// check compares the allocator with the twin.
func (w *twin) check() {
	w.t.Helper()
	var all []Allocation
	for uid := range w.alive {
		h, ok := w.b.Held(uid)
		want, held := w.nodes[uid]
		if ok != held || h.Prefix != want.Prefix {
			w.failf("the allocator says that %s holds %v (%v), the twin says %v (%v)", uid, h.Prefix, ok, want.Prefix, held)
		}
		if ok {
			all = append(all, h)
		}
	}
	all = append(all, w.b.Instances()...)
	for i, x := range all {
		for _, y := range all[:i] {
			if x.Prefix.Overlaps(y.Prefix) {
				w.failf("%v and %v overlap", x, y)
			}
		}
	}
	if got := w.b.Waiting(); got != len(w.waiting) {
		w.failf("the allocator says that %d wait, the twin says %d", got, len(w.waiting))
	}
}

func (w *twin) holder(uid types.UID) Holder {
	return Holder{NodeUID: uid, Node: "node-" + string(uid), Instance: "i-" + string(uid)}
}

func (w *twin) any() types.UID {
	uid := types.UID(fmt.Sprint(w.rnd.IntN(nodes)))
	w.alive[uid] = w.holder(uid)
	return uid
}

func (w *twin) wants() []Want {
	wants := []Want{{twinDefinitions[0].Key, 29}}
	switch w.rnd.IntN(4) {
	case 0:
		wants = []Want{{twinDefinitions[1].Key, 28}}
	case 1:
		wants = append(wants, Want{twinDefinitions[1].Key, 30})
	}
	return wants
}

func (w *twin) take() {
	uid, wants := w.any(), w.wants()
	w.ages++
	since := w.now.Add(-time.Duration(w.rnd.IntN(1000))*time.Second - time.Duration(w.ages))
	if n, waits := w.waiting[uid]; waits {
		wants, since = n.Wants, n.Since // neither changes while a Node waits
	}
	had, held := w.nodes[uid]
	waiting := len(w.waiting) > 0
	h, err := w.b.Take(w.holder(uid), since, wants, w.now)
	w.note("take %s %v: %v %v", uid, wants, h.Prefix, err)
	switch {
	case held:
		if err != nil || h.Prefix != had.Prefix {
			w.failf("%s holds %v and was given %v, %v", uid, had.Prefix, h.Prefix, err)
		}
		return
	case err == nil && waiting:
		w.waiting[uid] = Waiter{Holder: w.holder(uid), Since: since, Wants: wants}
		w.served()
	case err == nil:
		w.given(uid, h, wants)
	case errors.Is(err, pool.ErrNotRestored):
		if w.built {
			w.failf("not restored, after the rebuild")
		}
	default:
		if _, ok := errors.AsType[*pool.ExhaustedError](err); !ok {
			w.failf("taking: %v", err)
		}
		w.served()
		if p, ok := w.room(wants); ok {
			w.failf("%s got nothing, but %s is free", uid, p)
		}
		w.waiting[uid] = Waiter{Holder: w.holder(uid), Since: since, Wants: wants}
	}
}

func (w *twin) feed() {
	w.b.Feed(w.now)
	w.note("feed")
	w.served()
	for _, n := range w.waiting {
		if p, ok := w.room(n.Wants); ok && w.built {
			w.failf("%s waits, but %s is free", n.Node, p)
		}
	}
}

// adopt has a Node come with a prefix of its own.
func (w *twin) adopt() {
	uid := w.any()
	p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(w.rnd.IntN(4)), byte(w.rnd.IntN(8) * 4)}), 29+w.rnd.IntN(2)).Masked()
	why := ""
	for other, h := range w.nodes {
		if h.Prefix.Overlaps(p) && other != uid {
			why = "node"
		}
	}
	for _, k := range w.others {
		if k.Prefix.Overlaps(p) && (k.Prefix != p || k.Instance != w.holder(uid).Instance) {
			why = "instance"
		}
	}
	had, held := w.nodes[uid]
	h, err := w.b.Adopt(w.holder(uid), p)
	w.note("adopt %s %s: %v", uid, p, err)
	inside := slices.ContainsFunc(w.definitions, func(d Definition) bool {
		return slices.ContainsFunc(d.Ranges, func(r Range) bool { return r.Prefix.Overlaps(p) })
	})
	right := w.built && inside && why == "" && (!held || had.Prefix == p)
	if right != (err == nil) {
		w.failf("adopting %s: %v, but the twin says %v (%s)", p, err, right, why)
	}
	if err == nil {
		w.nodes[uid] = h
		delete(w.waiting, uid)
		w.others = slices.DeleteFunc(w.others, func(k Allocation) bool { return k.Prefix == p })
	}
}

func (w *twin) release() {
	uid := w.any()
	if rival := w.rnd.IntN(20); w.began == nil && rival < 2 {
		uid = types.UID(fmt.Sprint(nodes + rival))
	}
	until := w.b.Release(uid, w.now)
	w.note("release %s", uid)
	if h, ok := w.nodes[uid]; ok {
		delete(w.nodes, uid)
		w.resting = append(w.resting, Resting{h.Prefix, until})
		w.bury(h.Prefix)
	}
}

func (w *twin) drop() {
	uid := w.any()
	had, _ := w.b.Held(uid)
	w.b.Drop(uid)
	w.note("drop %s", uid)
	delete(w.waiting, uid)
	h, ok := w.nodes[uid]
	if !ok || had.Durable {
		return
	}
	delete(w.nodes, uid)
	if had.Found {
		w.others = append(w.others, Allocation{Holder: Holder{Instance: h.Instance}, Prefix: h.Prefix})
	} else {
		w.bury(h.Prefix)
	}
}

func (w *twin) bury(p netip.Prefix) {
	if w.began != nil {
		w.gone[p] = true
	}
}

func (w *twin) mark() {
	uid := w.any()
	if w.rnd.IntN(2) == 0 {
		w.b.MarkPublished(uid)
	} else {
		w.b.MarkDurable(uid)
	}
	w.note("mark %s", uid)
}

func (w *twin) cede() {
	uid := w.any()
	w.b.ReleaseToForeign(uid)
	w.note("cede %s", uid)
	if h, ok := w.nodes[uid]; ok {
		delete(w.nodes, uid)
		w.others = append(w.others, Allocation{Holder: Holder{Instance: Unknown}, Prefix: h.Prefix})
	}
}

func (w *twin) transfer() {
	from, to := w.any(), w.any()
	heir := w.holder(to)
	heir.Instance = w.holder(from).Instance
	h, ok := w.b.Transfer(from, heir)
	w.note("transfer %s to %s: %v", from, to, ok)
	had, held := w.nodes[from]
	_, has := w.nodes[to]
	if ok != (held && !has && had.Instance == heir.Instance) {
		w.failf("transfer from %v to %v: %v", had, heir, ok)
	}
	if ok {
		delete(w.nodes, from)
		delete(w.waiting, to)
		w.nodes[to] = h
	}
}

// some returns a prefix of any size, in the ranges, across their ends, or wider.
func (w *twin) some() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(w.rnd.IntN(3)), byte(w.rnd.IntN(48))}), 25+w.rnd.IntN(7)).Masked()
}

// occupied notes what the allocator occupies by now.
func (w *twin) occupied() {
	w.others = nil
	for _, h := range w.b.Instances() {
		w.others = append(w.others, Allocation{Holder: h.Holder, Prefix: h.Prefix})
	}
}

// publish has a Node publish what it does not hold.
func (w *twin) publish() {
	n, p := w.holder(w.any()), w.some()
	w.b.Occupy(n, p)
	w.note("occupy %s for %s", p, n.Node)
	w.occupied()
	if w.built {
		w.covered(p, "a Node publishes it")
	}
}

// list lists the interfaces of one pool, with a prefix that somebody moved.
func (w *twin) list() {
	k := w.definitions[w.rnd.IntN(len(w.definitions))].Key
	began := w.now.Add(-time.Duration(w.rnd.IntN(5)) * time.Second)
	moved := w.some()
	w.b.Listed([]Key{k}, []Allocation{{Holder: Holder{Instance: "moved"}, Prefix: moved}}, began)
	w.note("list %v as of %s, with %s", k, began, moved)
	if began.After(w.listed[k]) && w.built {
		w.listed[k] = began
	}
	w.occupied()
	late := slices.ContainsFunc(w.resting, func(r Resting) bool {
		return r.Prefix.Overlaps(moved) && began.Before(r.Until.Add(lag-rest+time.Millisecond))
	})
	if w.built && !late { // of what was released too late for it, it says nothing
		w.covered(moved, "an interface carries it")
	}
}

// begin reads the world as it is now.
func (w *twin) begin() {
	w.b.Begin()
	w.note("begin")
	w.gone = map[netip.Prefix]bool{}
	world := &World{}
	for uid, h := range w.nodes {
		k := Allocation{Holder: h.Holder, Prefix: h.Prefix}
		if got, _ := w.b.Held(uid); got.Published {
			k.Published = true
			world.Nodes = append(world.Nodes, k)
		} else if got.Durable {
			world.Promised = append(world.Promised, k)
		}
		if w.rnd.IntN(2) == 0 {
			world.Attached = append(world.Attached, Allocation{Holder: Holder{Instance: h.Instance}, Prefix: h.Prefix})
		}
	}
	for i := range w.rnd.IntN(2) { // what Nodes publish that nobody gave them
		world.Nodes = append(world.Nodes, Allocation{Holder: w.holder(types.UID(fmt.Sprint(nodes + i))), Prefix: w.some(), Published: true})
	}
	for i := range w.rnd.IntN(3) { // what others put on interfaces, some of it across ours
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(w.rnd.IntN(3)), byte(w.rnd.IntN(32))}), 28+w.rnd.IntN(4)).Masked()
		world.Attached = append(world.Attached, Allocation{Holder: Holder{Instance: fmt.Sprintf("foreign-%d", i)}, Prefix: p})
	}
	w.began, world.Began = world, w.now
}

func (w *twin) rebuild() {
	if w.began == nil {
		w.begin()
	}
	got := w.b.Rebuild(w.definitions, *w.began, w.now)
	w.note("rebuild: %d collisions, rested %v", len(got.Collisions), got.Rested)
	w.built = true
	w.resting = append(w.resting, got.Rested...)
	before := w.others
	w.occupied()
	for k := range w.b.pools {
		w.listed[k] = latest(w.listed[k], w.began.Began)
	}
	for _, k := range w.began.Nodes {
		if h, ok := w.b.Held(k.NodeUID); ok {
			w.nodes[k.NodeUID], w.alive[k.NodeUID] = h, k.Holder
		}
		w.covered(k.Prefix, "a Node publishes it")
	}
	for _, k := range w.began.Attached {
		w.covered(k.Prefix, "an interface carries it")
	}
	for _, k := range before { // what instances had rests, unless they have it still
		w.covered(k.Prefix, "an instance had it before")
	}
	w.began = nil
}

// covered sees that no address of p can be given out, but where it was given
// back since it was read.
func (w *twin) covered(p netip.Prefix, why string) {
	w.t.Helper()
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		one := netip.PrefixFrom(a, 32)
		inside := slices.ContainsFunc(w.definitions, func(d Definition) bool {
			return slices.ContainsFunc(d.Ranges, func(r Range) bool { return r.Prefix.Contains(a) })
		})
		if inside && w.inUse(one, w.now) == "" && !w.gone[p] {
			w.failf("%s is free after the rebuild, but %s: %s", one, why, p)
		}
	}
}

func (w *twin) step() {
	ops := []struct {
		weight int
		do     func()
	}{
		{8, w.take}, {3, w.feed}, {2, w.adopt}, {4, w.release}, {2, w.drop}, {4, w.mark},
		{1, w.cede}, {1, w.transfer}, {1, w.begin}, {1, w.rebuild}, {1, w.publish}, {3, w.list},
		{3, func() { w.now = w.now.Add(time.Duration(w.rnd.IntN(8)) * time.Second); w.note("clock") }},
	}
	total := 0
	for _, o := range ops {
		total += o.weight
	}
	n := w.rnd.IntN(total)
	for _, o := range ops {
		if n -= o.weight; n < 0 {
			o.do()
			break
		}
	}
	w.check()
	w.resting = slices.DeleteFunc(w.resting, func(r Resting) bool { return w.over(r, w.now.Add(-time.Millisecond)) })
}

// TestBookIsItsTwin runs random operations on both. It holds, by name:
// NeverOverlaps, RebuildLosesNothing, ReleasedWhileRebuildingStaysReleased,
// RestingIsNeverGiven, WaitersAreServedByAge, NothingIsGivenBeforeRebuild,
// WhatIsPublishedOrCarriedIsInUse, ARestEndsByAListing.
func TestBookIsItsTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		w := newTwin(t, seed)
		for range 300 {
			w.step()
		}
	}
}
