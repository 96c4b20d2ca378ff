package pool

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Occupy records that an owner holds a prefix: a restore, or the adoption of what is there. The same owner may
// repeat it. A prefix that rests, or part of one that does, may be occupied. A prefix that is not wholly in the
// space that the pool may give out is recorded as an orphan, and the error then wraps ErrOrphan. Any other error
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
	if i, _, _ := p.holder(a, b); i != 0 && Owner(p.nodes.at(i).value()) == o {
		return nil
	}
	if s, ok := p.takeAt(a, b, par); ok {
		p.nodes.add(s.ref(), pack(held, uint64(o)))
		p.heldAt[b]++
		return nil
	}
	if len(prefix.Overlapping(p.exclude, pfx)) > 0 {
		return p.occupyOrphan(pfx, o)
	}
	return p.adopt(pfx, pack(held, uint64(o)))
}

// takeAt takes a prefix out of the free block that contains it, if there is one.
func (p *Pool) takeAt(a addr, b uint, par *parent) (spot, bool) {
	for n := b; ; n-- {
		s := p.locate(a.mask(n), n, par, false)
		if s.chunk != 0 {
			c := p.chunks.at(s.chunk)
			if get(&c.free, s.slot) == 1 && get(&c.half, s.slot) == s.side {
				fresh, node := get(&c.mark, s.slot) == 1, uint32(0)
				if !fresh {
					node = p.nodes.find(s.ref())
				}
				p.unfree(s, node, fresh)
				return p.split(s, fresh, b, &a), true
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
// the first node that is in use. It reads every node, which is fine for what is rare.
func (p *Pool) overlaps(pfx netip.Prefix) ([]overlap, error) {
	var over []overlap
	var conflict *ConflictError
	for i := uint32(1); i < p.nodes.used; i++ {
		n := p.nodes.at(i)
		k := n.kind()
		if k == none || k == rested {
			continue
		}
		s := p.where(n.ref)
		q := s.addr.prefix(p.width, s.bits)
		switch {
		case !q.Overlaps(pfx):
		case k == resting:
			over = append(over, overlap{node: i, pfx: q, until: int64(n.value())})
		case conflict == nil || prefix.Compare(q, conflict.With) < 0:
			conflict = &ConflictError{Prefix: pfx, With: q, Owner: Owner(n.value())}
		}
	}
	if conflict != nil {
		return nil, conflict
	}
	slices.SortFunc(over, func(a, b overlap) int { return prefix.Compare(a.pfx, b.pfx) })
	return over, nil
}

// adopt occupies a prefix of which some part rests. What is left of a resting prefix rests on.
func (p *Pool) adopt(pfx netip.Prefix, x uint64) error {
	over, err := p.overlaps(pfx)
	if err != nil {
		return err
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
	p.nodes.add(s.ref(), x)
	if (&node{x: x}).kind() == held {
		p.heldAt[b]++
	}
	for _, o := range over {
		p.restPart(prefix.Subtract([]netip.Prefix{o.pfx}, []netip.Prefix{pfx}), o.until)
	}
	return nil
}
