package pool

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// orphan is a held prefix that is not wholly in the space that the pool may give out.
type orphan struct {
	owner  Owner
	pieces []netip.Prefix // of that space, blocked as long as the orphan is there
}

// occupyOrphan records an orphan and blocks what it covers of the pool's space.
func (p *Pool) occupyOrphan(pfx netip.Prefix, o Owner) error {
	if was, ok := p.orphans[pfx]; ok && was.owner == o {
		return fmt.Errorf("occupying %s: %w", pfx, ErrOrphan)
	}
	if with, owner, ok := p.overlappingOrphan(pfx); ok {
		return &ConflictError{Prefix: pfx, With: with, Owner: owner}
	}
	pieces := p.pieces(pfx)
	for _, piece := range pieces {
		if _, err := p.overlaps(piece); err != nil {
			err.(*ConflictError).Prefix = pfx
			return err
		}
	}
	for _, piece := range pieces {
		if err := p.block(piece, o); err != nil {
			return err
		}
	}
	p.orphans[pfx] = orphan{owner: o, pieces: pieces}
	p.longestAlone = max(p.longestAlone, pfx.Bits())
	return fmt.Errorf("occupying %s: %w", pfx, ErrOrphan)
}

// pieces are the parts of a prefix that lie in the pool's space, none larger than a parent.
func (p *Pool) pieces(pfx netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, par := range p.parents {
		if par.pfx.Overlaps(pfx) {
			in := prefix.Intersect([]netip.Prefix{par.pfx}, []netip.Prefix{pfx})
			out = append(out, prefix.Subtract(in, p.exclude)...)
		}
	}
	return out
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
			return q, o.owner, true
		}
	}
	if pfx.Bits() < p.longestAlone {
		for _, q := range p.orphansIn(pfx) {
			return q, p.orphans[q].owner, true
		}
	}
	return netip.Prefix{}, 0, false
}

// orphansIn are the orphans that overlap a prefix, in ascending order.
func (p *Pool) orphansIn(pfx netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for q := range p.orphans {
		if q.Overlaps(pfx) {
			out = append(out, q)
		}
	}
	slices.SortFunc(out, prefix.Compare)
	return out
}

// giveBackOrphan ends an orphan. What it covered of the pool's space rests; until 0 is not at all.
func (p *Pool) giveBackOrphan(pfx netip.Prefix, o Owner, until int64) error {
	was, ok := p.orphans[pfx]
	if !ok || was.owner != o {
		return &NotHeldError{Prefix: pfx, Owner: o, Holder: was.owner}
	}
	p.unblock(pfx, until)
	if until != 0 {
		p.restOutside(pfx, until)
	}
	return nil
}

// unblock forgets an orphan and frees, or rests, what it covered.
func (p *Pool) unblock(pfx netip.Prefix, until int64) {
	for _, piece := range p.orphans[pfx].pieces {
		a, b, _ := p.parse(piece)
		r := p.find(a, b, p.parentOf(a, b))
		i := p.nodes.find(r)
		if until == 0 {
			p.insert(r, i, false)
		} else {
			p.rest(&p.rests.restored, i, b, until)
		}
	}
	delete(p.orphans, pfx)
}
