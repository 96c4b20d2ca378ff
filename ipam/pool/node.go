package pool

// kind is what a node says of its block.
type kind uint8

const (
	none    kind = iota // the node is spare
	held                // value: the owner
	resting             // value: when the rest is over, in microseconds since 1970
	rested              // free, and used before in every part; value: the previous node of its list
	blocked             // an exclusion, or the part of an orphan that lies inside a parent
)

// node is what is remembered of one block: 16 bytes.
type node struct {
	ref  ref
	next uint32 // in the list of resting, of rested or of spare nodes
	x    uint64 // kind in the first 3 bits, value in the others
}

const valueBits = 61

func pack(k kind, v uint64) uint64 { return uint64(k)<<valueBits | v }

func (n *node) kind() kind    { return kind(n.x >> valueBits) }
func (n *node) value() uint64 { return n.x & (1<<valueBits - 1) }

const (
	nodeSlabBits = 10
	nodeSlabMask = 1<<nodeSlabBits - 1
	maxNodes     = 1 << 30

	chunkBlocks = 2 * chunkPairs
)

// nodes finds nodes by ref: slabs of nodes, and for every chunk a table of 4-byte node indexes. A table begins
// small, hashed by the block's number in the chunk modulo the table's length, with linear probing; it grows by half
// when it is 3/4 full, until it has one slot for each of the 1,024 blocks, where the number itself is the slot.
// So a node costs 16 + 4 to 16 + 8 bytes.
type nodes struct {
	slabs  []*[1 << nodeSlabBits]node
	tables []table // by chunk
	used   uint32  // indexes given out so far; 0 is no node
	live   uint32
	spare  uint32 // head of the list of spare nodes
}

type table struct {
	slots []uint32
	live  uint32
}

func (s *nodes) at(i uint32) *node { return &s.slabs[i>>nodeSlabBits][i&nodeSlabMask] }

func (r ref) block() uint32 { return uint32(r) & (chunkBlocks - 1) }

// find returns 0 where there is no node of this block.
func (s *nodes) find(r ref) uint32 {
	if id := r.chunk(); id < uint32(len(s.tables)) {
		slots := s.tables[id].slots
		if len(slots) == chunkBlocks {
			return slots[r.block()]
		}
		return s.probe(slots, r)
	}
	return 0
}

func (s *nodes) probe(slots []uint32, r ref) uint32 {
	n := uint32(len(slots))
	if n == 0 {
		return 0
	}
	for j := r.block() % n; ; {
		i := slots[j]
		if i == 0 || s.at(i).ref == r {
			return i
		}
		if j++; j == n {
			j = 0
		}
	}
}

// add makes a node for a block that has none.
func (s *nodes) add(r ref, x uint64) uint32 {
	i := s.spare
	if i != 0 {
		s.spare = s.at(i).next
	} else {
		if s.used == 0 {
			s.used = 1
		}
		i = s.used
		if int(i)>>nodeSlabBits >= len(s.slabs) {
			s.slabs = append(s.slabs, new([1 << nodeSlabBits]node))
		}
		s.used++
	}
	s.live++
	*s.at(i) = node{ref: r, x: x}
	s.insert(i, r)
	return i
}

func (s *nodes) insert(i uint32, r ref) {
	id := r.chunk()
	for id >= uint32(len(s.tables)) {
		s.tables = append(s.tables, table{})
	}
	t := &s.tables[id]
	n := uint32(len(t.slots))
	if n < chunkBlocks && 4*(t.live+1) > 3*n {
		s.grow(t)
		n = uint32(len(t.slots))
	}
	t.live++
	if n == chunkBlocks {
		t.slots[r.block()] = i
		return
	}
	j := r.block() % n
	for t.slots[j] != 0 {
		if j++; j == n {
			j = 0
		}
	}
	t.slots[j] = i
}

func (s *nodes) grow(t *table) {
	old := t.slots
	n := uint32(max(8, len(old)*3/2))
	if 4*n > 3*chunkBlocks {
		n = chunkBlocks
	}
	t.slots = make([]uint32, n)
	for _, i := range old {
		if i == 0 {
			continue
		}
		j := s.at(i).ref.block() % n
		for t.slots[j] != 0 {
			if j++; j == n {
				j = 0
			}
		}
		t.slots[j] = i
	}
}

// remove forgets a node.
func (s *nodes) remove(i uint32) {
	n := s.at(i)
	s.unhash(n.ref)
	*n = node{next: s.spare}
	s.spare = i
	s.live--
}

// unhash takes a node out of its table. It closes the gap by moving later slots of the probe sequence back, so
// that there are no tombstones.
func (s *nodes) unhash(r ref) {
	t := &s.tables[r.chunk()]
	t.live--
	size := uint32(len(t.slots))
	if size == chunkBlocks {
		t.slots[r.block()] = 0
		return
	}
	gap := r.block() % size
	for s.at(t.slots[gap]).ref != r {
		if gap++; gap == size {
			gap = 0
		}
	}
	for j := gap; ; {
		if j++; j == size {
			j = 0
		}
		i := t.slots[j]
		if i == 0 {
			break
		}
		if h := s.at(i).ref.block() % size; dist(h, j, size) >= dist(gap, j, size) {
			t.slots[gap] = i
			gap = j
		}
	}
	t.slots[gap] = 0
}

// dist is how many steps the probe sequence takes from one slot to another.
func dist(from, to, size uint32) uint32 {
	if to >= from {
		return to - from
	}
	return to + size - from
}

// move gives a node another block.
func (s *nodes) move(i uint32, r ref) {
	n := s.at(i)
	s.unhash(n.ref)
	n.ref = r
	s.insert(i, r)
}

// drop gives back the table of a chunk that is taken back, unless it is so small that making it again costs more.
func (s *nodes) drop(id uint32) {
	if id < uint32(len(s.tables)) && len(s.tables[id].slots) > 32 {
		s.tables[id] = table{}
	}
}
