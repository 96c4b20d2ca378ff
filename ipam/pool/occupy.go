package pool

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Occupy records that an owner holds a prefix: a restore, or the adoption of what is there. The same owner may
// repeat it. A prefix that rests, or part of one that does, may be occupied. A prefix that is not inside
// one parent is recorded as an orphan, and the error then wraps ErrOrphan. Any other error
// records nothing; a *ConflictError names what the prefix collides with.
func (p *Pool) Occupy(pfx netip.Prefix, o Owner) error {
	a, b, err := p.parse(pfx)
	switch {
	case err != nil:
		return fmt.Errorf("occupying: %w", err)
	case o == 0:
		return ErrNoOwner
	case p.full():
		return ErrTooLarge
	}
	par := p.parentOf(a, b)
	if par == nil {
		return p.occupyOrphan(pfx, o)
	}
	if s, ok := p.takeAt(a, b, par); ok {
		p.nodes.hold(s.ref, o)
		return nil
	}
	if t, j, _ := p.holder(a, b); t != nil && Owner(t.slots[j]) == o {
		return nil
	}
	s, err := p.adopt(pfx)
	if err != nil {
		return err
	}
	p.nodes.hold(s.ref, o)
	return nil
}

// takeAt takes a prefix out of the free block that contains it, if there is one.
func (p *Pool) takeAt(a addr, b uint, par *parent) (spot, bool) {
	for n := b; ; n-- {
		if r := p.find(a.mask(n), n, par); r != 0 {
			if free, half, mark := p.chunks.at(r.chunk()).pair(r.slot()); free == 1 && half == r.side() {
				fresh, node := mark == 1, uint32(0)
				if !fresh {
					node = p.nodes.find(r)
				}
				p.unfree(r, n, node, fresh)
				return p.split(spot{a.mask(n), n, r}, fresh, b, &a), true
			}
		}
		if n == par.bits {
			return spot{}, false
		}
	}
}

// overlap is a resting node that shares addresses with a prefix.
type overlap struct {
	node  uint32
	pfx   netip.Prefix
	until int64
}

// overlaps are the resting nodes that share addresses with a prefix, in ascending order; a *ConflictError names
// the first prefix that is in use. It reads all that is known, which is fine for what is rare.
func (p *Pool) overlaps(pfx netip.Prefix) ([]overlap, error) {
	var over []overlap
	var conflict *ConflictError
	inUse := func(q netip.Prefix, o Owner) {
		if q.Overlaps(pfx) && (conflict == nil || prefix.Compare(q, conflict.With) < 0) {
			conflict = &ConflictError{Prefix: pfx, With: q, Owner: o}
		}
	}
	p.each(func(q netip.Prefix, i uint32, k kind, v uint64) bool {
		switch {
		case k == blocked:
			inUse(q, Owner(v))
		case k == resting && q.Overlaps(pfx):
			over = append(over, overlap{node: i, pfx: q, until: int64(v)})
		}
		return true
	})
	for q, o := range p.held() {
		inUse(q, o)
	}
	if conflict != nil {
		return nil, conflict
	}
	slices.SortFunc(over, func(a, b overlap) int { return prefix.Compare(a.pfx, b.pfx) })
	return over, nil
}

// adopt takes a prefix of which some part rests out of rest and out of the free space. What is left of a resting
// prefix rests on.
func (p *Pool) adopt(pfx netip.Prefix) (spot, error) {
	over, err := p.overlaps(pfx)
	if err != nil {
		return spot{}, err
	}
	for _, o := range over {
		p.unrest(o.node)
		p.awake(o.node)
	}
	a, b, _ := p.parse(pfx)
	s, ok := p.takeAt(a, b, p.parentOf(a, b))
	if !ok {
		panic(fmt.Sprintf("pool: %s is not free, yet nothing overlaps it", pfx))
	}
	for _, o := range over {
		p.restPart(prefix.Subtract([]netip.Prefix{o.pfx}, []netip.Prefix{pfx}), o.until)
	}
	return s, nil
}
