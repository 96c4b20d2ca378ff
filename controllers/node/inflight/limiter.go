package inflight

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Limiter bounds how many Nodes the cloud is busy with: read, promised a prefix
// and changed. It never blocks: a Node that does not get in is called in order
// when there is a place. It also gives the Nodes of a request that are adopted
// their turns, see EnterTurn.
type Limiter struct {
	places int

	mu      sync.Mutex
	in      map[types.UID]bool
	outside []string // names of Nodes, in order of arrival
	queued  map[string]bool
	turns   map[string]*turn // by request
}

// NewLimiter makes a limiter of so many places.
func NewLimiter(places int) *Limiter {
	return &Limiter{places: places, in: map[types.UID]bool{}, queued: map[string]bool{}, turns: map[string]*turn{}}
}

// Enter reports whether the Node is in; if not, Leave or Call returns its name
// later.
func (l *Limiter) Enter(uid types.UID, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in[uid] {
		return true
	}
	if len(l.in) < l.places {
		l.in[uid] = true
		return true
	}
	if !l.queued[name] {
		l.queued[name] = true
		l.outside = append(l.outside, name)
	}
	return false
}

// Leave gives the Node's place up and returns who may try now.
func (l *Limiter) Leave(uid types.UID) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.in[uid] {
		return nil
	}
	delete(l.in, uid)
	return l.next()
}

// Call returns who may try now. It is asked from time to time, since a Node
// that was called may be gone and leave its place empty.
func (l *Limiter) Call() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(l.next(), l.nextTurns()...)
}

// Busy is how many places are taken.
func (l *Limiter) Busy() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.in)
}

func (l *Limiter) next() []string {
	n := min(l.places-len(l.in), len(l.outside))
	if n <= 0 {
		return nil
	}
	next := l.outside[:n:n]
	l.outside = l.outside[n:]
	for _, name := range next {
		delete(l.queued, name)
	}
	return next
}
