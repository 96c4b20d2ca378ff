package pool

// spot is a block and where it is kept.
type spot struct {
	addr addr
	bits uint
	ref  ref // 0: its chunk does not exist, so nothing in the chunk's range was ever split
}

// find is the ref of a block of a parent, or 0.
func (p *Pool) find(a addr, b uint, par *parent) ref {
	if b == par.bits {
		return par.root
	}
	key, block := a.place(b)
	if id := p.chunks.find(key, uint8(b-1)); id != 0 {
		return makeRef(id, block)
	}
	return 0
}

// where is the block of a ref.
func (p *Pool) where(r ref) spot {
	c := p.chunks.at(r.chunk())
	if c.level == rootLevel {
		par := p.byRoot[r]
		return spot{par.addr, par.bits, r}
	}
	b := uint(c.level) + 1
	return spot{c.key.unplace(b, r.block()), b, r}
}

// length is the prefix length of a ref's block.
func (p *Pool) length(r ref) uint { return p.chunks.at(r.chunk()).length() }

// length is that of the chunk's blocks. The key of a root chunk begins with that of its parents.
func (c *chunk) length() uint {
	if c.level == rootLevel {
		return uint(c.key.hi)
	}
	return uint(c.level) + 1
}

// best picks the free block of length b that goes first. fresh reports whether it has never-used space; else node
// is its node.
func (p *Pool) best(b uint) (r ref, node uint32, fresh bool) {
	l := &p.levels.at[b]
	if l.fresh == 0 {
		return p.nodes.at(l.head).ref, l.head, false
	}
	return makeRef(l.chunks, p.chunks.at(l.chunks).firstFresh()), 0, true
}

// unfree takes a free block of length b off its list and forgets its node.
func (p *Pool) unfree(r ref, b uint, node uint32, fresh bool) {
	p.chunks.at(r.chunk()).setFree(r.slot(), 0)
	if fresh {
		p.dropFresh(r.chunk(), b)
		return
	}
	p.dropRested(node, b)
	p.nodes.remove(node)
}

// split cuts a block that is on no list down to length b, and lists the halves that are left over. It follows
// the address `to`, or where that is nil the order of places: never-used space first and the lower half of equal
// ones, then the half that has been whole for longer.
func (p *Pool) split(s spot, fresh bool, b uint, to *addr) spot {
	for s.bits < b {
		key, block := s.addr.place(s.bits + 1) // of the lower half
		id := p.chunks.findOrAdd(key, uint8(s.bits))
		c := p.chunks.at(id)
		_, h, m := c.pair(block >> 1)

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
		c.setPair(block>>1, 1, 1-side, other)
		if c.busy++; c.busy == 1 {
			p.chunks.idle--
		}
		r := makeRef(id, block|side)
		if other != 0 {
			p.addFresh(id, s.bits+1)
		} else {
			p.addRested(p.nodes.add(r.buddy(), 0), s.bits+1)
		}
		s = spot{s.addr.with(s.bits, side), s.bits + 1, r}
		fresh = left != 0
	}
	return s
}

// insert makes a block free and merges it with its buddy as long as that is free too. The block's node, where it
// has one, is spent or becomes that of the merged block. Unless it is fresh, it was used whole.
func (p *Pool) insert(r ref, node uint32, fresh bool) {
	c := p.chunks.at(r.chunk())
	b := c.length()
	for c.level != rootLevel {
		free, _, mark := c.pair(r.slot())
		if free == 0 {
			break
		}
		r, fresh = p.merge(r, b, c, fresh, mark != 0)
		c = p.chunks.at(r.chunk())
		b--
	}
	c.setPair(r.slot(), 1, r.side(), flag(fresh))
	switch {
	case fresh:
		if node != 0 {
			p.nodes.remove(node)
		}
		p.addFresh(r.chunk(), b)
		return
	case node == 0:
		node = p.nodes.add(r, 0)
	case p.nodes.at(node).ref != r:
		p.nodes.move(node, r)
	}
	p.addRested(node, b)
}

// merge takes the free buddy of a block of length b off its list and tells the block that they make together.
func (p *Pool) merge(r ref, b uint, c *chunk, fresh, buddyFresh bool) (ref, bool) {
	var node uint32
	if !buddyFresh {
		node = p.nodes.find(r.buddy())
	}
	p.unfree(r.buddy(), b, node, buddyFresh)
	h, m := r.buddy().side(), uint32(0) // the buddy has been whole for longer
	if fresh || buddyFresh {
		h, m = flag(fresh), flag(buddyFresh)
		if r.side() == 1 {
			h, m = m, h
		}
	}
	c.setPair(r.slot(), 0, h, m)
	if c.busy--; c.busy == 0 {
		p.chunks.idle++
	}
	a := c.key.unplace(b, r.block()).mask(b - 1)
	return p.find(a, b-1, p.parentOf(a, b-1)), fresh || buddyFresh
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
