package allocator

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Resting is a prefix in quarantine.
type Resting struct {
	Prefix netip.Prefix
	Until  time.Time
}

// World is everything there is to know before anything may be given out. It
// is in order of authority: where two entries collide, the earlier stands
// and the later is a Collision.
type World struct {
	// Began is when the interfaces began to be read.
	Began    time.Time
	Nodes    []Allocation // what Nodes publish
	Promised []Allocation // claims and releases of the ledger
	Attached []Allocation // what interfaces of instances carry
	Resting  []Resting
}

// Collision is an entry of the World that another one excludes.
type Collision struct {
	Allocation Allocation
	Err        error
}

// tombs remembers what was released while a rebuild gathers the World, so
// that older news does not bring it back.
type tombs struct {
	nodes    map[types.UID]bool
	prefixes map[netip.Prefix]bool
}

// Begin says that the World is about to be read.
func (b *Allocator) Begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rebuilding = &tombs{nodes: map[types.UID]bool{}, prefixes: map[netip.Prefix]bool{}}
}

func (b *Allocator) bury(h Allocation) {
	if b.rebuilding != nil {
		b.rebuilding.nodes[h.NodeUID] = true
		b.rebuilding.prefixes[h.Prefix] = true
	}
}

// buryNode is for a Node that holds nothing any more while its prefix stays
// occupied.
func (b *Allocator) buryNode(uid types.UID) {
	if b.rebuilding != nil {
		b.rebuilding.nodes[uid] = true
	}
}

// Rebuilt is what came of a rebuild.
type Rebuilt struct {
	Collisions []Collision
	// Rested are prefixes that instances without a Node no longer carry, and
	// until when they rest.
	Rested []Resting
	// Refused are ranges out of which nothing is given.
	Refused []Refused
}

// Rebuild makes the pools anew out of definitions, fills them with what the
// allocator holds and with the World, and opens them. What nodes took since Begin
// stays theirs, what was released since stays released.
func (b *Allocator) Rebuild(definitions []Definition, w World, now time.Time) Rebuilt {
	b.mu.Lock()
	defer b.mu.Unlock()
	pools, definitions, refused := b.newPools(definitions)
	buried, old, held, listed := b.rebuilding, b.pools, b.holdings, b.listed
	if buried == nil {
		buried = &tombs{}
	}
	b.rebuilding = nil
	b.reset()
	b.definitions, b.pools = definitions, pools

	for k := range pools {
		b.listed[k] = latest(w.Began, listed[k]) // a listing may have begun meanwhile
	}
	collisions := b.fill(held, w, buried)
	rested := b.vanished(held, now)
	b.rest(old, slices.Concat(w.Resting, rested), w.Began, now)
	for _, p := range pools {
		p.Restored()
	}
	return Rebuilt{Collisions: collisions, Rested: rested, Refused: refused}
}

// fill puts into the pools what the allocator held and what the World knows. What
// fits no pool, or what another stands in the way of, is occupied as far as it
// is free, once everybody has what is theirs: facts are never dropped (I1).
func (b *Allocator) fill(held map[pool.Owner]*Allocation, w World, buried *tombs) (collisions []Collision) {
	var facts []Allocation
	add := func(k Allocation) {
		if err := b.restore(k); err != nil {
			collisions = append(collisions, Collision{Allocation: k, Err: err})
			facts = append(facts, k)
		}
	}
	for _, h := range held {
		if h.NodeUID == "" {
			continue // an instance's is read afresh, from Attached
		}
		add(*h)
		if o, ok := b.byNode[h.NodeUID]; ok {
			b.holdings[o].Durable, b.holdings[o].Found, b.holdings[o].Unsaved = h.Durable, h.Found, h.Unsaved
		}
	}
	for _, k := range slices.Concat(w.Nodes, w.Promised) {
		if len(b.inRanges(k.Prefix)) > 0 && !buried.nodes[k.NodeUID] {
			add(k)
		}
	}
	for _, k := range facts {
		b.occupyFact(k)
	}
	for _, k := range w.Attached {
		if b.carriesItsOwn(k) || buried.prefixes[k.Prefix] {
			continue
		}
		collisions = append(collisions, b.occupyAround(k)...)
	}
	return collisions
}

// restore makes a Node the holder of what it is known by.
func (b *Allocator) restore(k Allocation) error {
	_, known := b.byNode[k.NodeUID] // the earlier entry says whose it is
	h, err := b.adopt(k.Holder, k.Prefix)
	if err != nil || k.NodeUID == "" {
		return err
	}
	now := b.holdings[b.byNode[k.NodeUID]]
	now.Durable, now.Published = true, k.Published || h.Published
	if !known {
		now.Adopted, now.Observed, now.InstanceUID, now.Before = k.Adopted, k.Observed, k.InstanceUID, k.Before
	}
	return b.recall(k)
}

// Occupy keeps what a Node publishes and does not hold from being given out,
// as far as nobody holds it; news reports that some of it was free, or rested.
func (b *Allocator) Occupy(n Holder, p netip.Prefix) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.holdings)
	b.occupyFact(Allocation{Holder: n, Prefix: p})
	return len(b.holdings) > before
}

// occupyFact keeps a prefix from being given out that a Node is known by, but
// cannot hold since something else is in the way: another's part of it, the
// one prefix that the Node holds already, or the end of the range.
func (b *Allocator) occupyFact(k Allocation) {
	k.Holder = Holder{Instance: cmp.Or(k.Instance, Unknown)}
	b.occupyAround(k)
}

// occupyAround occupies what an instance carries, as far as it lies in ranges
// and nobody else holds it, so that none of it is given out.
func (b *Allocator) occupyAround(k Allocation) (collisions []Collision) {
	for todo := b.inRanges(k.Prefix); len(todo) > 0; {
		piece := k
		piece.Prefix, todo = todo[0], todo[1:]
		_, err := b.adopt(piece.Holder, piece.Prefix)
		if err == nil {
			continue
		}
		taken, ok := errors.AsType[*TakenError](err)
		if ok && taken.Holder.NodeUID != "" && taken.Holder.Instance == piece.Instance && prefix.Contains(taken.With, piece.Prefix) {
			continue // the part of its own Node's that is there, or that is there already
		}
		collisions = append(collisions, Collision{Allocation: k, Err: err})
		if ok && taken.With != piece.Prefix {
			todo = append(todo, prefix.Subtract([]netip.Prefix{piece.Prefix}, []netip.Prefix{taken.With})...)
		}
	}
	return collisions
}

// vanished returns what instances without a Node held before and nobody holds
// now.
func (b *Allocator) vanished(held map[pool.Owner]*Allocation, now time.Time) (rested []Resting) {
	for _, h := range held {
		if h.NodeUID != "" {
			continue
		}
		if key, _, ok := b.find(h.Prefix); ok {
			if _, still := b.pools[key].Lookup(h.Prefix); !still {
				rested = append(rested, Resting{Prefix: h.Prefix, Until: now.Add(b.quarantine)})
			}
		}
	}
	return rested
}

// carriesItsOwn reports that an interface carries what its own Node holds, or
// nothing of ours at all.
func (b *Allocator) carriesItsOwn(k Allocation) bool {
	key, _, ok := b.find(k.Prefix)
	if !ok {
		return len(b.inRanges(k.Prefix)) == 0
	}
	o, held := b.pools[key].Lookup(k.Prefix)
	return held && b.holdings[o] != nil && b.holdings[o].Instance == k.Instance
}
