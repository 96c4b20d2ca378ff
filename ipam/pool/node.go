package pool

// kind is what a node says of its block.
type kind uint8

const (
	none    kind = iota // the node is spare
	resting             // value: when the rest is over, in microseconds since 1970
	rested              // free, and used before in every part; value: the previous node of its list
	blocked             // a parent inside an orphan; value: the orphan's owner
)

// node is what is remembered of one block that is not held: 16 bytes.
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
)

// nodes are the nodes, and the tables that find them by ref.
type nodes struct {
	slabs  []*[1 << nodeSlabBits]node
	tables []table // by chunk
	used   uint32  // indexes given out so far; 0 is no node
	live   uint32
	spare  uint32 // head of the list of spare nodes
}

func (s *nodes) at(i uint32) *node { return &s.slabs[i>>nodeSlabBits][i&nodeSlabMask] }

// table is that of a block's chunk.
func (s *nodes) table(r ref) *table {
	if id := r.chunk(); id < uint32(len(s.tables)) {
		return &s.tables[id]
	}
	s.tables = append(s.tables, make([]table, r.chunk()+1-uint32(len(s.tables)))...)
	return &s.tables[r.chunk()]
}

// find is the node of a block, or 0.
func (s *nodes) find(r ref) uint32 {
	t := s.table(r)
	if j, ok := t.find(r.block()); ok && t.isNode(j) {
		return t.slots[j]
	}
	return 0
}

// fresh is a node that no table has yet.
func (s *nodes) fresh(r ref, x uint64) uint32 {
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
	return i
}

// add makes a node for a block that nothing is known of.
func (s *nodes) add(r ref, x uint64) uint32 {
	i := s.fresh(r, x)
	t := s.table(r)
	t.setNode(t.add(r.block()), i)
	return i
}

// hold records the holder of a block that nothing is known of.
func (s *nodes) hold(r ref, o Owner) {
	t := s.table(r)
	t.setOwner(t.add(r.block()), o)
}

// remove forgets a node.
func (s *nodes) remove(i uint32) {
	r := s.at(i).ref
	s.table(r).remove(r.block())
	s.discard(i)
}

// discard forgets a node that no table has any more.
func (s *nodes) discard(i uint32) {
	*s.at(i) = node{next: s.spare}
	s.spare = i
	s.live--
}

// move gives a node another block, which nothing is known of.
func (s *nodes) move(i uint32, r ref) {
	n := s.at(i)
	s.table(n.ref).remove(n.ref.block())
	n.ref = r
	t := s.table(r)
	t.setNode(t.add(r.block()), i)
}

// drop frees the table of a chunk that is taken back, unless it is so small that making it again costs more.
func (s *nodes) drop(id uint32) {
	if id < uint32(len(s.tables)) && len(s.tables[id].slots) > 32 {
		s.tables[id] = table{}
	}
}
