package pool

import (
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// occupyOrphan records a prefix that is not inside a parent, and blocks the
// parents inside it for as long as it is held.
func (p *Pool) occupyOrphan(pfx netip.Prefix, o Owner) error {
	orphaned := fmt.Errorf("occupying %s: %w", pfx, ErrOrphan)
	if owner, ok := p.orphans[pfx]; ok && owner == o {
		return orphaned
	}
	if with, owner, ok := p.overlappingOrphan(pfx); ok {
		return &ConflictError{Prefix: pfx, With: with, Owner: owner}
	}
	inside := p.parentsIn(pfx)
	if len(inside) > 0 {
		if _, err := p.overlaps(pfx); err != nil {
			return err
		}
	}
	for _, par := range inside {
		s, err := p.adopt(par)
		if err != nil {
			return err
		}
		p.nodes.add(s.ref, pack(blocked, uint64(o)))
	}
	p.orphans[pfx] = o
	p.longest = max(p.longest, pfx.Bits())
	return orphaned
}

// overlappingOrphan looks for the prefixes that contain pfx one by one, and reads all orphans only where one can
// be inside it.
func (p *Pool) overlappingOrphan(pfx netip.Prefix) (netip.Prefix, Owner, bool) {
	if len(p.orphans) == 0 {
		return netip.Prefix{}, 0, false
	}
	for b := pfx.Bits(); b >= 0; b-- {
		q := netip.PrefixFrom(pfx.Addr(), b).Masked()
		if o, ok := p.orphans[q]; ok {
			return q, o, true
		}
	}
	var found netip.Prefix
	if pfx.Bits() < p.longest {
		for q := range p.orphans {
			if q.Overlaps(pfx) && (!found.IsValid() || prefix.Compare(q, found) < 0) {
				found = q
			}
		}
	}
	return found, p.orphans[found], found.IsValid()
}

// giveBackOrphan ends an orphan. It rests, and the parents inside it do; until 0 is not at all.
func (p *Pool) giveBackOrphan(pfx netip.Prefix, o Owner, until int64) error {
	owner, ok := p.orphans[pfx]
	if !ok || owner != o {
		return &NotHeldError{Prefix: pfx, Owner: o, Holder: owner}
	}
	delete(p.orphans, pfx)
	for _, q := range p.parentsIn(pfx) {
		a, b, _ := p.parse(q)
		r := p.parentOf(a, b).root
		if i := p.nodes.find(r); until == 0 {
			p.insert(r, i, false)
		} else {
			p.rest(i, b, until)
		}
	}
	if until != 0 {
		p.restOutside(pfx, until)
	}
	return nil
}
