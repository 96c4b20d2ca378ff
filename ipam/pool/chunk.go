package pool

import "math/bits"

// The geometry of a chunk. 512 pairs make the bitmaps 192 of the chunk's 224 bytes, so that a densely used level
// costs about 3.5 bits per pair and, summed over all levels, as much per smallest block.
const (
	blockBits   = 10
	chunkBlocks = 1 << blockBits
	blockMask   = chunkBlocks - 1
	chunkPairs  = chunkBlocks / 2
	chunkWords  = chunkPairs / 64

	slabBits = 2 // chunks are allocated 4 at a time
	slabMask = 1<<slabBits - 1

	maxChunks = 1 << (32 - blockBits) // a ref has 32 bits

	// rootLevel marks chunks whose slots are whole parents (side 0 of a pair without an upper half).
	rootLevel = 255
)

// chunk holds the state of 512 neighbouring pairs of one level. A pair is a block of length `level` seen as its
// two halves, blocks of length level+1; see the package comment for what the three bits say.
type chunk struct {
	pairs [chunkWords]struct{ free, half, mark uint64 } // side by side, so that a pair's bits are in one cache line

	key        addr   // the common first bits of all its pairs; a root chunk: (length of the parents, group)
	next, prev uint32 // in the list of chunks of this level that have fresh blocks
	busy       uint16 // pairs that are split; 0: nothing in here but memory of the past
	fresh      uint16 // free blocks with never-used space
	level      uint8
}

// ref names a block: chunk, slot of its pair, side. The block is the half `side` of that pair.
type ref uint32

func makeRef(id, block uint32) ref { return ref(id<<blockBits | block) }

func (r ref) chunk() uint32 { return uint32(r) >> blockBits }
func (r ref) block() uint32 { return uint32(r) & blockMask } // its number in the chunk
func (r ref) slot() uint32  { return uint32(r) & blockMask >> 1 }
func (r ref) side() uint32  { return uint32(r) & 1 }
func (r ref) buddy() ref    { return r ^ 1 }

// pair reads the bits of a pair.
func (c *chunk) pair(slot uint32) (free, half, mark uint32) {
	w, s := &c.pairs[slot>>6&(chunkWords-1)], slot&63
	return uint32(w.free>>s) & 1, uint32(w.half>>s) & 1, uint32(w.mark>>s) & 1
}

func (c *chunk) setPair(slot, free, half, mark uint32) {
	w, s := &c.pairs[slot>>6&(chunkWords-1)], slot&63
	w.free = w.free&^(1<<s) | uint64(free)<<s
	w.half = w.half&^(1<<s) | uint64(half)<<s
	w.mark = w.mark&^(1<<s) | uint64(mark)<<s
}

func (c *chunk) setFree(slot, free uint32) {
	w, s := &c.pairs[slot>>6&(chunkWords-1)], slot&63
	w.free = w.free&^(1<<s) | uint64(free)<<s
}

// chunks finds chunks by level and key. Chunks come into being when a block inside them is split off and are
// taken back when they are idle and there are more idle ones than busy ones.
type chunks struct {
	slabs []*[1 << slabBits]chunk
	slots []uint32 // open addressing, linear probing; 0 is empty, so chunk 0 is never used
	shift uint     // 64 minus the number of bits of a slot's index
	used  uint32   // ids given out so far, the unused chunk 0 among them
	live  uint32   // ids in the table
	idle  uint32   // of these, chunks with busy == 0
	spare []uint32 // ids that are not in the table
	hand  uint32   // where the search for an idle chunk goes on
	nodes *nodes   // whose tables belong to the chunks

	// latest is the chunk of each level that a block was split in last: the next one often is, too. 0: none.
	latest [rootLevel + 1]uint32
}

// keepIdle is how many idle chunks are remembered at least (less than 1 MiB).
const keepIdle = 4096

func (s *chunks) at(id uint32) *chunk { return &s.slabs[id>>slabBits][id&slabMask] }

func (s *chunks) home(key addr, level uint8) uint32 {
	// The top bits of a product depend on all bits of its factors.
	return uint32((key.hi ^ (key.lo+uint64(level))*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93 >> s.shift)
}

// find returns 0 where there is no such chunk.
func (s *chunks) find(key addr, level uint8) uint32 {
	if len(s.slots) == 0 {
		return 0
	}
	for i := s.home(key, level); ; i = (i + 1) & uint32(len(s.slots)-1) {
		id := s.slots[i]
		if id == 0 {
			return 0
		}
		if c := s.at(id); c.key == key && c.level == level {
			return id
		}
	}
}

// findOrAdd makes the chunk where it is missing: all its pairs whole and never used.
func (s *chunks) findOrAdd(key addr, level uint8) uint32 {
	if id := s.latest[level]; id != 0 && s.at(id).key == key {
		return id
	}
	id := s.find(key, level)
	if id == 0 {
		id = s.add(key, level)
	}
	s.latest[level] = id
	return id
}

func (s *chunks) add(key addr, level uint8) uint32 {
	if s.idle > keepIdle && s.idle > s.live/2 {
		s.evict()
	}
	if 4*(int(s.live)+1) > 3*len(s.slots) {
		s.grow()
	}
	id := s.newID()
	c := s.at(id)
	*c = chunk{key: key, level: level}
	for i := range c.pairs {
		c.pairs[i].half, c.pairs[i].mark = ^uint64(0), ^uint64(0)
	}
	s.live++
	s.idle++
	s.insert(id)
	return id
}

func (s *chunks) newID() uint32 {
	if n := len(s.spare); n > 0 {
		id := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return id
	}
	if s.used == 0 {
		s.used = 1
	}
	if n := len(s.slabs); int(s.used)>>slabBits >= n {
		if n == cap(s.slabs) {
			s.slabs = append(make([]*[1 << slabBits]chunk, 0, n+n/8+4), s.slabs...)
		}
		s.slabs = append(s.slabs, new([1 << slabBits]chunk))
	}
	s.used++
	return s.used - 1
}

func (s *chunks) insert(id uint32) {
	c := s.at(id)
	i := s.home(c.key, c.level)
	for s.slots[i] != 0 {
		i = (i + 1) & uint32(len(s.slots)-1)
	}
	s.slots[i] = id
}

func (s *chunks) grow() {
	old := s.slots
	s.slots = make([]uint32, max(16, 2*len(old)))
	s.shift = uint(64 - bits.TrailingZeros(uint(len(s.slots))))
	for _, id := range old {
		if id != 0 {
			s.insert(id)
		}
	}
}

// evict takes back one idle chunk. At least half of the chunks are idle when it is called, so the hand finds one
// in two steps on average.
func (s *chunks) evict() {
	for {
		if s.hand++; s.hand >= s.used {
			s.hand = 1
		}
		c := s.at(s.hand)
		if s.hand > 0 && c.busy == 0 && c.level != rootLevel && s.find(c.key, c.level) == s.hand {
			s.remove(s.hand)
			return
		}
	}
}

// remove closes the gap by moving later entries of the probe sequence back, so that there are no tombstones.
func (s *chunks) remove(id uint32) {
	n := uint32(len(s.slots) - 1)
	c := s.at(id)
	i := s.home(c.key, c.level)
	for s.slots[i] != id {
		i = (i + 1) & n
	}
	for j := (i + 1) & n; s.slots[j] != 0; j = (j + 1) & n {
		m := s.at(s.slots[j])
		if h := s.home(m.key, m.level); (j-h)&n >= (j-i)&n {
			s.slots[i] = s.slots[j]
			i = j
		}
	}
	s.slots[i] = 0
	if s.latest[c.level] == id {
		s.latest[c.level] = 0
	}
	s.nodes.drop(id)
	s.live--
	s.idle--
	s.spare = append(s.spare, id)
}
