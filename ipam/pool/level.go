package pool

import "math/bits"

// level lists the free blocks of one length. Fresh blocks, those with never-used space, are bits in chunks, and
// the chunks are listed; rested ones are nodes in the order in which they became whole.
type level struct {
	chunks     uint32 // head of the list of chunks with fresh > 0
	head, tail uint32 // the longest-rested block and the one that became whole last
	fresh      uint64
	rested     uint64
}

// levels knows which lengths have free blocks: 129 bits.
type levels struct {
	at   [129]level
	some [3]uint64
}

// one and none note that a length has free blocks from now on, or has none any more.
func (l *levels) one(b uint) { l.some[b>>6] |= 1 << (b & 63) }

func (l *levels) none(b uint) { l.some[b>>6] &^= 1 << (b & 63) }

// best is the longest length up to b of which there is a free block: that of the smallest block that fits.
func (l *levels) best(b uint) (uint, bool) {
	w := b >> 6
	if m := l.some[w] & (^uint64(0) >> (63 - b&63)); m != 0 {
		return w<<6 + uint(63-bits.LeadingZeros64(m)), true
	}
	for w > 0 {
		w--
		if m := l.some[w]; m != 0 {
			return w<<6 + uint(63-bits.LeadingZeros64(m)), true
		}
	}
	return 0, false
}

// largest is the length of the largest free block.
func (l *levels) largest() (uint, bool) {
	for w, m := range l.some {
		if m != 0 {
			return uint(w<<6 + bits.TrailingZeros64(m)), true
		}
	}
	return 0, false
}

// addFresh lists a free block with never-used space; the pair's bits are set already.
func (p *Pool) addFresh(id uint32, b uint) {
	l, c := &p.levels.at[b], p.chunks.at(id)
	if c.fresh++; c.fresh == 1 {
		c.next, c.prev = l.chunks, 0
		if c.next != 0 {
			p.chunks.at(c.next).prev = id
		}
		l.chunks = id
	}
	l.fresh++
	p.levels.one(b)
}

func (p *Pool) dropFresh(id uint32, b uint) {
	l, c := &p.levels.at[b], p.chunks.at(id)
	if c.fresh--; c.fresh == 0 {
		p.unlist(l, c)
	}
	if l.fresh--; l.fresh+l.rested == 0 {
		p.levels.none(b)
	}
}

// unlist takes a chunk off its list.
func (p *Pool) unlist(l *level, c *chunk) {
	if c.next != 0 {
		p.chunks.at(c.next).prev = c.prev
	}
	if c.prev != 0 {
		p.chunks.at(c.prev).next = c.next
	} else {
		l.chunks = c.next
	}
}

// firstFresh is the number of the lowest fresh block of a chunk that has one.
func (c *chunk) firstFresh() uint32 {
	for i := range c.pairs {
		if w := c.pairs[i].free & c.pairs[i].mark; w != 0 {
			at := bits.TrailingZeros64(w)
			return uint32(i<<7+at<<1) | uint32(c.pairs[i].half>>at)&1
		}
	}
	panic("pool: a chunk counts a fresh block that it does not have")
}

// addRested puts a node at the end of its list.
func (p *Pool) addRested(i uint32, b uint) {
	l, n := &p.levels.at[b], p.nodes.at(i)
	n.next, n.x = 0, pack(rested, uint64(l.tail))
	if l.tail != 0 {
		p.nodes.at(l.tail).next = i
	} else {
		l.head = i
	}
	l.tail = i
	l.rested++
	p.levels.one(b)
}

func (p *Pool) dropRested(i uint32, b uint) {
	l, n := &p.levels.at[b], p.nodes.at(i)
	prev := uint32(n.value())
	if n.next != 0 {
		p.nodes.at(n.next).x = pack(rested, uint64(prev))
	} else {
		l.tail = prev
	}
	if prev != 0 {
		p.nodes.at(prev).next = n.next
	} else {
		l.head = n.next
	}
	if l.rested--; l.fresh+l.rested == 0 {
		p.levels.none(b)
	}
}
