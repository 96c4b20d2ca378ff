package pool

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
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

// parentsIn are the parents that a prefix which is in none of them overlaps: it
// contains each of them.
func (p *Pool) parentsIn(pfx netip.Prefix) (out []netip.Prefix) {
	for _, par := range p.parents {
		if par.pfx.Overlaps(pfx) {
			out = append(out, par.pfx)
		}
	}
	return out
}

// addParent adds a range to a pool in which nothing is held yet.
func (p *Pool) addParent(pfx netip.Prefix) error {
	a, b, err := p.parse(pfx)
	if err != nil {
		return fmt.Errorf("parent: %w", err)
	}
	if p.full() {
		return ErrTooLarge
	}
	for _, q := range p.parents {
		if q.pfx.Overlaps(pfx) {
			return fmt.Errorf("parent %s overlaps parent %s", pfx, q.pfx)
		}
	}
	par := &parent{pfx: pfx, addr: a, bits: b, root: p.newRoot(b)}
	at := sort.Search(len(p.parents), func(i int) bool { return a.less(p.parents[i].addr) })
	p.parents = slices.Insert(p.parents, at, par)
	p.byRoot[par.root] = par
	p.insert(par.root, 0, true)
	return nil
}

// newRoot is a place for a parent of length b.
func (p *Pool) newRoot(b uint) ref {
	n := p.rootsAt[b]
	p.rootsAt[b]++
	id := p.chunks.findOrAdd(addr{hi: uint64(b), lo: uint64(n / chunkPairs)}, rootLevel)
	if c := p.chunks.at(id); c.busy == 0 {
		c.busy = 1 // a chunk of roots is never idle
		p.chunks.idle--
	}
	return makeRef(id, n%chunkPairs<<1)
}
