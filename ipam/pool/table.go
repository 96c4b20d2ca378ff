package pool

// table says what is known of the blocks of one chunk: the owner where a block is held, a node else.
//
// A table of a chunk with few such blocks is hashed: the home of a block is its number in the chunk modulo the
// length, which keeps runs of blocks apart, with linear probing in keys. It doubles when it is 7/8 full. One slot takes
// 6.1 bytes, so a holding takes 7 to 14. From 449 blocks on, the table has one slot for each of the 1,024 and no keys,
// 4.1 bytes each, and the number is the slot.
type table struct {
	slots []uint32 // an owner, or a node's index
	nodes []uint64 // which slots are nodes: one bit each
	keys  []uint16 // the block's number plus 1, and 0 where the slot is empty; none where the number is the slot
	live  uint32
}

func (t *table) isNode(j uint32) bool { return t.nodes[j>>6]>>(j&63)&1 != 0 }

func (t *table) setNode(j, i uint32) {
	t.slots[j] = i
	t.nodes[j>>6] |= 1 << (j & 63)
}

func (t *table) setOwner(j uint32, o Owner) {
	t.slots[j] = uint32(o)
	t.nodes[j>>6] &^= 1 << (j & 63)
}

// find is the slot of a block that something is known of.
func (t *table) find(block uint32) (uint32, bool) {
	if len(t.slots) == chunkBlocks {
		return block, t.slots[block] != 0
	}
	return t.probe(block)
}

func (t *table) probe(block uint32) (uint32, bool) {
	n := uint32(len(t.keys))
	if n == 0 {
		return 0, false
	}
	for j := block % n; ; {
		switch uint32(t.keys[j]) {
		case 0:
			return 0, false
		case block + 1:
			return j, true
		}
		if j++; j == n {
			j = 0
		}
	}
}

// add is a slot for a block that has none; the caller fills it.
func (t *table) add(block uint32) uint32 {
	if t.live++; len(t.slots) == chunkBlocks {
		return block
	}
	if 8*t.live > 7*uint32(len(t.keys)) {
		t.grow()
		if len(t.slots) == chunkBlocks {
			return block
		}
	}
	return t.claim(block)
}

// claim is the first empty slot from a block's home on.
func (t *table) claim(block uint32) uint32 {
	n := uint32(len(t.keys))
	j := block % n
	for t.keys[j] != 0 {
		if j++; j == n {
			j = 0
		}
	}
	t.keys[j] = uint16(block + 1)
	return j
}

func (t *table) grow() {
	old := *t
	n := max(8, 2*len(old.keys))
	if 6*n > 4*chunkBlocks {
		n = chunkBlocks
		t.keys = nil
	} else {
		t.keys = make([]uint16, n)
	}
	t.slots, t.nodes = make([]uint32, n), make([]uint64, (n+63)/64)
	for j, key := range old.keys {
		if key == 0 {
			continue
		}
		to := uint32(key) - 1
		if t.keys != nil {
			to = t.claim(to)
		}
		if old.isNode(uint32(j)) {
			t.setNode(to, old.slots[j])
		} else {
			t.setOwner(to, Owner(old.slots[j]))
		}
	}
}

// remove forgets a block. In a hashed table it closes the gap by moving later slots of the probe sequence back, so
// that there are no tombstones.
func (t *table) remove(block uint32) {
	t.live--
	if len(t.slots) == chunkBlocks {
		t.setOwner(block, 0)
		return
	}
	n := uint32(len(t.keys))
	gap, _ := t.probe(block)
	for j := gap; ; {
		if j++; j == n {
			j = 0
		}
		if t.keys[j] == 0 {
			break
		}
		if home := (uint32(t.keys[j]) - 1) % n; dist(home, j, n) >= dist(gap, j, n) {
			t.keys[gap] = t.keys[j]
			if t.isNode(j) {
				t.setNode(gap, t.slots[j])
			} else {
				t.setOwner(gap, Owner(t.slots[j]))
			}
			gap = j
		}
	}
	t.keys[gap] = 0
	t.setOwner(gap, 0)
}

// dist is how many steps the probe sequence takes from one slot to another.
func dist(from, to, size uint32) uint32 {
	if to >= from {
		return to - from
	}
	return to + size - from
}

// held calls f for every block that is held, until f says false.
func (t *table) held(f func(block uint32, o Owner) bool) bool {
	for j, v := range t.slots {
		if v == 0 || t.isNode(uint32(j)) {
			continue
		}
		block := uint32(j)
		if t.keys != nil {
			block = uint32(t.keys[j]) - 1
		}
		if !f(block, Owner(v)) {
			return false
		}
	}
	return true
}
