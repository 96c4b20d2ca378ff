package pool

import (
	"iter"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Stats is how full a pool is. Arrays are indexed by prefix length.
type Stats struct {
	Total   prefix.Count // addresses in the parents without exclusions: held, resting, free or covered by orphans
	Held    prefix.Count
	Resting prefix.Count
	Free    prefix.Count

	HeldPrefixes    int // without orphans
	RestingPrefixes int
	Orphans         int

	LargestFree int // prefix length of the largest free aligned block; -1 where nothing is free

	HeldBySize    [129]uint32
	RestingBySize [129]uint32
	FreeBySize    [129]uint64 // the largest free aligned blocks
}

// Stats counts. What has rested long enough at now counts as free. It costs the same at any occupancy.
func (p *Pool) Stats(now time.Time) Stats {
	p.wake(now)
	s := Stats{Total: p.total, Orphans: len(p.orphans), LargestFree: -1, HeldBySize: p.heldAt, RestingBySize: p.restingAt}
	if b, ok := p.levels.largest(); ok {
		s.LargestFree = int(b)
	}
	w := int(p.width)
	for b := range w + 1 {
		l := &p.levels.at[b]
		s.FreeBySize[b] = l.fresh + l.rested
		s.HeldPrefixes += int(p.heldAt[b])
		s.RestingPrefixes += int(p.restingAt[b])
		s.Held = s.Held.Add(prefix.Blocks(uint64(p.heldAt[b]), w, b))
		s.Resting = s.Resting.Add(prefix.Blocks(uint64(p.restingAt[b]), w, b))
		s.Free = s.Free.Add(prefix.Blocks(s.FreeBySize[b], w, b))
	}
	return s
}

func (p *Pool) exhausted(length int) error {
	e := &ExhaustedError{Asked: length, LargestFree: -1}
	if b, ok := p.levels.largest(); ok {
		e.LargestFree = int(b)
	}
	w := int(p.width)
	for b := range w + 1 {
		l := &p.levels.at[b]
		e.Free = e.Free.Add(prefix.Blocks(l.fresh+l.rested, w, b))
		e.Resting = e.Resting.Add(prefix.Blocks(uint64(p.restingAt[b]), w, b))
	}
	if next := min(p.over(&p.rests.released), p.over(&p.rests.restored)); next < 1<<63-1 {
		e.NextFree = time.UnixMicro(next)
	}
	return e
}

// Held yields what is held, orphans not among it, in no particular order. The pool must not change meanwhile.
func (p *Pool) Held() iter.Seq2[netip.Prefix, Owner] {
	return func(yield func(netip.Prefix, Owner) bool) {
		for id := range p.nodes.tables {
			if !p.nodes.tables[id].held(func(block uint32, o Owner) bool {
				s := p.where(makeRef(uint32(id), block))
				return yield(s.addr.prefix(p.width, s.bits), o)
			}) {
				return
			}
		}
	}
}

// Resting yields what rests and until when, in no particular order, also outside the parents (see Rest). The
// pool must not change meanwhile.
func (p *Pool) Resting() iter.Seq2[netip.Prefix, time.Time] {
	return func(yield func(netip.Prefix, time.Time) bool) {
		if !p.each(func(q netip.Prefix, _ uint32, k kind, v uint64) bool {
			return k != resting || yield(q, time.UnixMicro(int64(v)))
		}) {
			return
		}
		for q, until := range p.restsOutside {
			if !yield(q, time.UnixMicro(until)) {
				return
			}
		}
	}
}

// Orphans yields the orphans in no particular order. The pool must not change meanwhile.
func (p *Pool) Orphans() iter.Seq2[netip.Prefix, Owner] {
	return func(yield func(netip.Prefix, Owner) bool) {
		for q, o := range p.orphans {
			if !yield(q, o.owner) {
				return
			}
		}
	}
}

// each calls f for every node until f says false, and tells whether it never did.
func (p *Pool) each(f func(q netip.Prefix, i uint32, k kind, v uint64) bool) bool {
	for i := uint32(1); i < p.nodes.used; i++ {
		if n := p.nodes.at(i); n.kind() != none {
			s := p.where(n.ref)
			if !f(s.addr.prefix(p.width, s.bits), i, n.kind(), n.value()) {
				return false
			}
		}
	}
	return true
}
