package node

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// gate bounds how many Nodes the cloud is busy with. It never blocks: who
// does not get in is called in order when there is a place.
type gate struct {
	mu      sync.Mutex
	places  int
	in      map[types.UID]bool
	outside []string // names of Nodes, in order of arrival
	queued  map[string]bool
	called  map[string]bool
	calls   []call        // the oldest first, until that Node has come
	idle    chan struct{} // closed when there are no more calls; nil without any
}

type call struct {
	name string
	at   time.Time
}

// comeBy is how long a called Node is waited for: it may be gone.
const comeBy = 250 * time.Millisecond

func newGate(places int) *gate {
	return &gate{places: places, in: map[types.UID]bool{}, queued: map[string]bool{}, called: map[string]bool{}}
}

// enter tells whether the Node is in; if not, its name comes out of leave
// later.
func (g *gate) enter(uid types.UID, name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.called, name)
	g.forgetCalls(time.Now())
	if g.in[uid] {
		return true
	}
	if len(g.in) < g.places {
		g.in[uid] = true
		return true
	}
	if !g.queued[name] {
		g.queued[name] = true
		g.outside = append(g.outside, name)
	}
	return false
}

// leave gives the Node's place up and names who may try now.
func (g *gate) leave(uid types.UID) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.in[uid] {
		return nil
	}
	delete(g.in, uid)
	return g.callNext()
}

// call names who may try now. It is asked from time to time, since a Node
// that was called may be gone and leave its place empty.
func (g *gate) call() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.callNext()
}

func (g *gate) callNext() []string {
	now := time.Now()
	g.forgetCalls(now)
	n := min(g.places-len(g.in), len(g.outside))
	if n <= 0 {
		return nil
	}
	next := g.outside[:n:n]
	g.outside = g.outside[n:]
	for _, name := range next {
		delete(g.queued, name)
		g.called[name] = true
		g.calls = append(g.calls, call{name, now})
	}
	if g.idle == nil {
		g.idle = make(chan struct{})
	}
	return next
}

// taken is closed when no place is empty that a Node was called to and has not
// come to yet.
func (g *gate) taken() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forgetCalls(time.Now())
	if g.idle != nil {
		return g.idle
	}
	none := make(chan struct{})
	close(none)
	return none
}

// forgetCalls drops the oldest calls, of Nodes that have come or are given up.
func (g *gate) forgetCalls(now time.Time) {
	for len(g.calls) > 0 && (!g.called[g.calls[0].name] || now.Sub(g.calls[0].at) >= comeBy) {
		delete(g.called, g.calls[0].name)
		g.calls = g.calls[1:]
	}
	if len(g.calls) == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// leaveGate gives up the places that the Node has.
func (c *Controller) leaveGate(uid types.UID) {
	c.nics.forget(uid)
	c.call(c.gate.leave(uid))
	c.call(c.preparing.leave(uid))
}

// call has Nodes come that may try now. They come before Nodes for which the
// cloud has done its work: it should not stand idle while those are published.
func (c *Controller) call(names []string) {
	for _, name := range names {
		c.enqueueFirst(name)
	}
}
