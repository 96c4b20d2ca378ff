package pool

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sort"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// parent is a range that prefixes are given out of. Its root is the block that is all of it.
type parent struct {
	pfx  netip.Prefix
	addr addr
	bits uint
	root ref
}

func (par *parent) contains(a addr, b uint) bool {
	return b >= par.bits && a.mask(par.bits) == par.addr
}

// parentOf is the parent that contains a block, or nil.
func (p *Pool) parentOf(a addr, b uint) *parent {
	if len(p.parents) == 1 {
		if par := p.parents[0]; par.contains(a, b) {
			return par
		}
		return nil
	}
	lo, hi := 0, len(p.parents) // the parents before lo start at or before a, those from hi on behind it
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if a.less(p.parents[mid].addr) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo > 0 && p.parents[lo-1].contains(a, b) {
		return p.parents[lo-1]
	}
	return nil
}

// AddParent adds a range. Orphans that it contains are holders in it from now on.
func (p *Pool) AddParent(pfx netip.Prefix) error {
	a, b, err := p.parse(pfx)
	if err != nil {
		return fmt.Errorf("adding a parent: %w", err)
	}
	if p.full() {
		return ErrTooLarge
	}
	for _, q := range p.parents {
		if q.pfx.Overlaps(pfx) {
			return fmt.Errorf("adding parent %s: %w", pfx, &ConflictError{Prefix: pfx, With: q.pfx})
		}
	}
	par := &parent{pfx: pfx, addr: a, bits: b, root: p.newRoot(b)}
	at := sort.Search(len(p.parents), func(i int) bool { return a.less(p.parents[i].addr) })
	p.parents = slices.Insert(p.parents, at, par)
	p.byRoot[par.root] = par
	p.insert(par.root, 0, true)

	p.total = p.total.Add(p.space(pfx))
	for _, e := range prefix.Intersect(p.exclude, []netip.Prefix{pfx}) {
		if err := p.block(e, 0); err != nil {
			return err
		}
	}
	return p.takeIn(pfx)
}

// space is how many addresses of a parent may be given out.
func (p *Pool) space(pfx netip.Prefix) prefix.Count {
	return prefix.Total(prefix.Subtract([]netip.Prefix{pfx}, p.exclude))
}

// takeIn makes holders of the orphans that a new parent contains, and rests what rested outside.
func (p *Pool) takeIn(pfx netip.Prefix) error {
	for _, q := range p.orphansIn(pfx) {
		o := p.orphans[q].owner
		p.unblock(q, 0)
		if err := p.Occupy(q, o); err != nil {
			if _, still := p.orphans[q]; !still {
				return fmt.Errorf("adding parent %s: %w", pfx, err)
			}
		}
	}
	for q, end := range maps.Clone(p.restsOutside) {
		if q.Overlaps(pfx) {
			p.restPieces(q, end)
			delete(p.restsOutside, q)
			p.restOutside(q, end)
		}
	}
	return nil
}

// newRoot is a place for a parent of length b.
func (p *Pool) newRoot(b uint) ref {
	if spare := p.spareAt[b]; len(spare) > 0 {
		p.spareAt[b] = spare[:len(spare)-1]
		return spare[len(spare)-1]
	}
	n := p.rootsAt[b]
	p.rootsAt[b]++
	id := p.chunks.findOrAdd(addr{hi: uint64(b), lo: uint64(n / chunkPairs)}, rootLevel)
	if c := p.chunks.at(id); c.busy == 0 {
		c.busy = 1 // a chunk of roots is never idle
		p.chunks.idle--
	}
	return makeRef(id, n%chunkPairs<<1)
}

// RemoveParent takes a range away. Its holders become orphans, and what rests in it is remembered, so that adding
// the range again gives nothing out too early.
func (p *Pool) RemoveParent(pfx netip.Prefix) error {
	at := slices.IndexFunc(p.parents, func(q *parent) bool { return q.pfx == pfx })
	if at < 0 {
		return fmt.Errorf("removing parent %s: the pool has no such parent", pfx)
	}
	par := p.parents[at]
	again := map[netip.Prefix]Owner{} // orphans, now or from now on
	for _, q := range p.orphansIn(pfx) {
		again[q] = p.orphans[q].owner
		p.unblock(q, 0)
	}
	p.empty(par, again)

	_, _, mark := p.chunks.at(par.root.chunk()).pair(par.root.slot())
	fresh, node := mark == 1, uint32(0)
	if !fresh {
		node = p.nodes.find(par.root)
	}
	p.unfree(par.root, par.bits, node, fresh)
	delete(p.byRoot, par.root)
	p.spareAt[par.bits] = append(p.spareAt[par.bits], par.root)
	p.parents = slices.Delete(p.parents, at, at+1)
	p.total = p.total.Sub(p.space(pfx))
	for q, o := range again {
		_ = p.occupyOrphan(q, o) // ErrOrphan is what it is to be; nothing else holds what it held
	}
	return nil
}

// empty frees all of a parent and gathers its holders.
func (p *Pool) empty(par *parent, holders map[netip.Prefix]Owner) {
	for q, o := range p.Held() {
		if prefix.Contains(par.pfx, q) {
			holders[q] = o
		}
	}
	for q, o := range holders {
		_ = p.Free(q, o) // an orphan is none here
	}
	var spent []uint32
	p.each(func(q netip.Prefix, i uint32, k kind, v uint64) bool {
		if k == rested || !prefix.Contains(par.pfx, q) {
			return true
		}
		if k == resting {
			p.restsOutside[q] = max(p.restsOutside[q], int64(v))
			p.unrest(i)
			p.restingAt[q.Bits()]--
		}
		spent = append(spent, i)
		return true
	})
	for _, i := range spent {
		p.insert(p.nodes.at(i).ref, i, false)
	}
}
