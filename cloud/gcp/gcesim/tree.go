package gcesim

import "net/netip"

// tree is a binary trie of disjoint prefixes, one bit a level. Overlap, insert
// and remove cost at most one step per bit, however many prefixes it holds.
//
// Invariants: no stored prefix overlaps another; a node without a value has at
// least one child, so a node's presence means that something is held below it;
// full means that every address below is held, so that the search for free
// space never enters what has none.
type tree[V any] struct {
	v4, v6 *treeNode[V]
}

type treeNode[V any] struct {
	child [2]*treeNode[V]
	held  bool
	full  bool
	value V
}

func bitAt(a netip.Addr, i int) int {
	if a.Is4() {
		b := a.As4()
		return int(b[i/8]>>(7-i%8)) & 1
	}
	b := a.As16()
	return int(b[i/8]>>(7-i%8)) & 1
}

func (t *tree[V]) root(p netip.Prefix) **treeNode[V] {
	if p.Addr().Is4() {
		return &t.v4
	}
	return &t.v6
}

// insert stores p. The caller has checked that nothing overlaps it.
func (t *tree[V]) insert(p netip.Prefix, v V) {
	root := t.root(p)
	*root = (*root).insert(p, 0, v)
}

// insert puts p below the node of its first i bits and returns that node.
func (n *treeNode[V]) insert(p netip.Prefix, i int, v V) *treeNode[V] {
	if n == nil {
		n = &treeNode[V]{}
	}
	if i == p.Bits() {
		n.held, n.full, n.value = true, true, v
		return n
	}
	side := &n.child[bitAt(p.Addr(), i)]
	*side = (*side).insert(p, i+1, v)
	n.full = n.child[0].isFull() && n.child[1].isFull()
	return n
}

func (n *treeNode[V]) isFull() bool { return n != nil && n.full }

// get returns the value stored for exactly p.
func (t *tree[V]) get(p netip.Prefix) (V, bool) {
	n := *t.root(p)
	for i := 0; n != nil && i < p.Bits(); i++ {
		n = n.child[bitAt(p.Addr(), i)]
	}
	if n == nil || !n.held {
		var none V
		return none, false
	}
	return n.value, true
}

// remove forgets exactly p and prunes the empty nodes above it.
func (t *tree[V]) remove(p netip.Prefix) {
	if _, ok := t.get(p); ok {
		root := t.root(p)
		*root = (*root).remove(p, 0)
	}
}

func (n *treeNode[V]) remove(p netip.Prefix, i int) *treeNode[V] {
	if i == p.Bits() {
		return nil
	}
	side := &n.child[bitAt(p.Addr(), i)]
	*side = (*side).remove(p, i+1)
	n.full = false
	if n.child[0] == nil && n.child[1] == nil {
		return nil
	}
	return n
}

// overlap returns one stored value whose prefix overlaps p.
func (t *tree[V]) overlap(p netip.Prefix) (V, bool) {
	var found V
	ok := false
	t.visit(p, func(v V) bool {
		found, ok = v, true
		return false
	})
	return found, ok
}

// visit calls f for every value whose prefix overlaps p until f says false.
func (t *tree[V]) visit(p netip.Prefix, f func(V) bool) {
	n := *t.root(p)
	for i := 0; n != nil && i < p.Bits(); i++ {
		if n.held {
			f(n.value)
			return
		}
		n = n.child[bitAt(p.Addr(), i)]
	}
	n.walk(f)
}

func (n *treeNode[V]) walk(f func(V) bool) bool {
	if n == nil {
		return true
	}
	if n.held {
		return f(n.value)
	}
	return n.child[0].walk(f) && n.child[1].walk(f)
}

// firstFree returns the lowest aligned prefix of the length bits inside parent
// that overlaps nothing stored.
func (t *tree[V]) firstFree(parent netip.Prefix, bits int) (netip.Prefix, bool) {
	n := *t.root(parent)
	for i := 0; n != nil && i < parent.Bits(); i++ {
		if n.held {
			return netip.Prefix{}, false
		}
		n = n.child[bitAt(parent.Addr(), i)]
	}
	return n.free(parent, bits)
}

func (n *treeNode[V]) free(p netip.Prefix, bits int) (netip.Prefix, bool) {
	if n == nil {
		return netip.PrefixFrom(p.Addr(), bits), bits >= p.Bits()
	}
	if n.full || p.Bits() >= bits {
		return netip.Prefix{}, false
	}
	low, high := halves(p)
	if got, ok := n.child[0].free(low, bits); ok {
		return got, true
	}
	return n.child[1].free(high, bits)
}

func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits() + 1
	low = netip.PrefixFrom(p.Addr(), bits)
	b := p.Addr().AsSlice()
	b[(bits-1)/8] |= 1 << (7 - (bits-1)%8)
	a, _ := netip.AddrFromSlice(b)
	return low, netip.PrefixFrom(a, bits)
}
