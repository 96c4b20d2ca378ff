package allocator

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Waiter is a Node for which there was no room.
type Waiter struct {
	Holder
	Since time.Time
	Wants []Want // in the order in which it tries
}

// waiters are served by age.
type waiters struct {
	byUID  map[types.UID]Waiter
	byName map[string]types.UID // the Node of that name that waits
	fed    []Holder             // served, and not named by Feed yet
}

func (w *waiters) join(n Waiter) {
	if w.byUID == nil {
		w.byUID, w.byName = map[types.UID]Waiter{}, map[string]types.UID{}
	}
	w.gone(n.Node, n.NodeUID)
	w.byUID[n.NodeUID], w.byName[n.Node] = n, n.NodeUID
}

func (w *waiters) leave(uid types.UID) {
	if n, in := w.byUID[uid]; in {
		delete(w.byUID, uid)
		delete(w.byName, n.Node)
	}
}

// gone forgets a Node of that name that is not the current one.
func (w *waiters) gone(name string, current types.UID) {
	if uid, in := w.byName[name]; in && uid != current {
		w.leave(uid)
	}
}

func (w *waiters) anyBut(uid types.UID) bool {
	if _, in := w.byUID[uid]; in {
		return len(w.byUID) > 1
	}
	return len(w.byUID) > 0
}

// Feed gives prefixes to the nodes that wait, the longest-waiting first, as
// far as there is room, and names those that got one since it was last asked.
func (b *Allocator) Feed(now time.Time) []Holder {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.feed(now)
	fed := b.waiters.fed
	b.waiters.fed = nil
	return fed
}

// feed tries every waiter, so that a node that needs a large block keeps
// nobody from a small one.
func (b *Allocator) feed(now time.Time) {
	if len(b.waiters.byUID) == 0 {
		return
	}
	byAge := slices.SortedFunc(maps.Values(b.waiters.byUID), func(a, b Waiter) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Node, b.Node))
	})
	for _, w := range byAge {
		if _, held := b.byNode[w.NodeUID]; held {
			b.waiters.leave(w.NodeUID) // it was found to hold something meanwhile
			continue
		}
		if _, err := b.take(w.Holder, w.Wants, now); err == nil {
			b.waiters.leave(w.NodeUID)
			b.waiters.fed = append(b.waiters.fed, w.Holder)
		}
	}
}

// Waits reports whether the node waits for room, to be named by Feed.
func (b *Allocator) Waits(uid types.UID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, in := b.waiters.byUID[uid]
	return in
}

// Waiting counts the nodes that wait for room.
func (b *Allocator) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiters.byUID)
}
