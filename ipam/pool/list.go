package pool

import (
	"iter"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

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
	if p.resting.head != 0 {
		e.NextFree = time.UnixMicro(int64(p.nodes.at(p.resting.head).value()))
	}
	return e
}

// held yields what is held, orphans not among it, in no particular order. The pool must not change meanwhile.
func (p *Pool) held() iter.Seq2[netip.Prefix, Owner] {
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

// each calls f for every node until f says false, and reports whether it never did.
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
