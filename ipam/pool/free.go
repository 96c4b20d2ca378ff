package pool

// spot is a block with all that is known of where it is kept.
type spot struct {
	addr  addr
	bits  uint
	chunk uint32
	slot  uint32
	side  uint32
}

func (s spot) ref() ref { return makeRef(s.chunk, s.slot, s.side) }

// locate finds the chunk of a block of a parent; add makes it where it is missing, and else chunk 0 means that
// nothing inside the chunk's range was ever split.
func (p *Pool) locate(a addr, b uint, par *parent, add bool) spot {
	s := spot{addr: a, bits: b}
	if b == par.bits {
		s.chunk, s.slot = par.root.chunk(), par.root.slot()
		return s
	}
	key, slot := a.place(b - 1)
	s.slot, s.side = slot, a.bit(b-1)
	if add {
		s.chunk = p.chunks.findOrAdd(key, uint8(b-1))
	} else {
		s.chunk = p.chunks.find(key, uint8(b-1))
	}
	return s
}

// where is the inverse of spot.ref.
func (p *Pool) where(r ref) spot {
	c := p.chunks.at(r.chunk())
	s := spot{chunk: r.chunk(), slot: r.slot(), side: r.side()}
	if c.level == rootLevel {
		par := p.byRoot[r]
		s.addr, s.bits = par.addr, par.bits
		return s
	}
	s.bits = uint(c.level) + 1
	s.addr = c.key.unplace(s.bits, r.block())
	return s
}

// best picks the free block of length b that goes first. fresh tells whether it has never-used space; else node
// is its node.
func (p *Pool) best(b uint) (s spot, node uint32, fresh bool) {
	l := &p.levels.at[b]
	if l.fresh == 0 {
		return p.where(p.nodes.at(l.head).ref), l.head, false
	}
	slot, side := p.chunks.at(l.chunks).firstFresh()
	return p.where(makeRef(l.chunks, slot, side)), 0, true
}

// unfree takes a free block off its list and forgets its node.
func (p *Pool) unfree(s spot, node uint32, fresh bool) {
	p.chunks.at(s.chunk).setFree(s.slot, 0)
	if fresh {
		p.dropFresh(s.chunk, s.bits)
		return
	}
	p.dropRested(node, s.bits)
	p.nodes.remove(node)
}

// split cuts a block that is on no list down to length b, and lists the halves that are left over. It follows
// the address `to`, or where that is nil the order of places: never-used space first and the lower half of equal
// ones, then the half that has been whole for longer.
func (p *Pool) split(s spot, fresh bool, b uint, to *addr) spot {
	for s.bits < b {
		key, slot := s.addr.place(s.bits)
		id := p.chunks.findOrAdd(key, uint8(s.bits))
		c := p.chunks.at(id)
		_, h, m := c.pair(slot)

		side := h // of two rested halves, half says which goes first
		if fresh {
			side = 1 - h // half: the lower one has never-used space; mark: the upper one has
		}
		if to != nil {
			side = to.bit(s.bits)
		}
		left, other := uint32(0), uint32(0)
		if fresh {
			left, other = h, m
			if side == 1 {
				left, other = m, h
			}
		}
		c.setPair(slot, 1, 1-side, other)
		if c.busy++; c.busy == 1 {
			p.chunks.idle--
		}
		if other != 0 {
			p.addFresh(id, s.bits+1)
		} else {
			p.addRested(p.nodes.add(makeRef(id, slot, 1-side), 0), s.bits+1)
		}
		s = spot{addr: s.addr.with(s.bits, side), bits: s.bits + 1, chunk: id, slot: slot, side: side}
		fresh = left != 0
	}
	return s
}

// insert makes a block free and merges it with its buddy as long as that is free too. The block's node, where it
// has one, is spent; a block that was held counts as used whole, but for one that is fresh.
func (p *Pool) insert(s spot, node uint32, fresh bool) {
	c := p.chunks.at(s.chunk)
	for c.level != rootLevel {
		free, _, mark := c.pair(s.slot)
		if free == 0 {
			break
		}
		buddy := s
		buddy.side = 1 - s.side
		buddyFresh := mark != 0
		var bn uint32
		if !buddyFresh {
			bn = p.nodes.find(buddy.ref())
		}
		p.unfree(buddy, bn, buddyFresh)
		h, m := buddy.side, uint32(0) // the buddy has been whole for longer
		if fresh || buddyFresh {
			h, m = flag(fresh), flag(buddyFresh)
			if s.side == 1 {
				h, m = m, h
			}
		}
		c.setPair(s.slot, 0, h, m)
		if c.busy--; c.busy == 0 {
			p.chunks.idle++
		}
		fresh = fresh || buddyFresh
		s = p.locate(s.addr.mask(s.bits-1), s.bits-1, p.parentOf(s.addr, s.bits-1), false)
		c = p.chunks.at(s.chunk)
	}
	c.setPair(s.slot, 1, s.side, flag(fresh))
	switch r := s.ref(); {
	case fresh:
		if node != 0 {
			p.nodes.remove(node)
		}
		p.addFresh(s.chunk, s.bits)
		return
	case node == 0:
		node = p.nodes.add(r, 0)
	case p.nodes.at(node).ref != r:
		p.nodes.move(node, r)
	}
	p.addRested(node, s.bits)
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
