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

	// A slot of the hash table is the node's index and as many bits of its hash as are left, so that a probe
	// seldom reads a node in vain.
	indexBits = 26
	indexMask = 1<<indexBits - 1
	maxNodes  = 1 << indexBits
)

// nodes finds nodes by ref: slabs of nodes, and an open-addressing table of 4-byte slots between 1/2 and 3/4
// full. So a node costs 16 + 4/(3/4) to 16 + 4/(1/2), 21.3 to 24 bytes.
type nodes struct {
	slabs []*[1 << nodeSlabBits]node
	slots []uint32
	used  uint32 // indexes given out so far; 0 is no node
	live  uint32
	spare uint32 // head of the list of spare nodes
}

func (s *nodes) at(i uint32) *node { return &s.slabs[i>>nodeSlabBits][i&nodeSlabMask] }

func hash(r ref) uint32 {
	h := uint32(r) * 0x9e3779b1
	return h ^ h>>15
}

// home maps the hash to a slot by multiplication, which works for any length of the table.
func (s *nodes) home(h uint32) uint32 {
	return uint32(uint64(h) * uint64(len(s.slots)) >> 32)
}

func tag(h uint32) uint32 { return h << indexBits }

// find returns 0 where there is no node of this block.
func (s *nodes) find(r ref) uint32 {
	if len(s.slots) == 0 {
		return 0
	}
	h := hash(r)
	t := tag(h)
	for i := s.home(h); ; {
		v := s.slots[i]
		if v == 0 {
			return 0
		}
		if v&^indexMask == t && s.at(v&indexMask).ref == r {
			return v & indexMask
		}
		if i++; i == uint32(len(s.slots)) {
			i = 0
		}
	}
}

// add makes a node for a block that has none.
func (s *nodes) add(r ref, x uint64) uint32 {
	if 4*(int(s.live)+1) > 3*len(s.slots) {
		s.grow()
	}
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
	h := hash(r)
	j := s.home(h)
	for s.slots[j] != 0 {
		if j++; j == uint32(len(s.slots)) {
			j = 0
		}
	}
	s.slots[j] = tag(h) | i
}

func (s *nodes) grow() {
	s.slots = make([]uint32, max(64, len(s.slots)*3/2))
	for i := uint32(1); i < s.used; i++ {
		if n := s.at(i); n.kind() != none {
			s.insert(i, n.ref)
		}
	}
}

// remove forgets a node. It closes the gap by moving later slots of the probe sequence back.
func (s *nodes) remove(i uint32) {
	n := s.at(i)
	s.unhash(i, n.ref)
	*n = node{next: s.spare}
	s.spare = i
	s.live--
}

func (s *nodes) unhash(i uint32, r ref) {
	size := uint32(len(s.slots))
	gap := s.home(hash(r))
	for s.slots[gap]&indexMask != i {
		if gap++; gap == size {
			gap = 0
		}
	}
	for j := gap; ; {
		if j++; j == size {
			j = 0
		}
		v := s.slots[j]
		if v == 0 {
			break
		}
		if h := s.home(hash(s.at(v & indexMask).ref)); dist(h, j, size) >= dist(gap, j, size) {
			s.slots[gap] = v
			gap = j
		}
	}
	s.slots[gap] = 0
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
	s.unhash(i, n.ref)
	n.ref = r
	s.insert(i, r)
}
