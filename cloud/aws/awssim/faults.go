package awssim

import (
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"time"
)

// Fault makes matching calls go wrong. The first fields choose the calls, the
// others say what happens; several may be set at once.
type Fault struct {
	// Action such as "AssignPrivateIpAddresses"; "*PrivateIpAddresses" and
	// "*" match as path.Match does. Empty matches every action.
	Action string
	// Resource restricts to calls that name this ID first.
	Resource string
	// Skip lets the first matching calls pass.
	Skip int
	// Count is how many calls it strikes; zero means until it is removed.
	Count int
	// Every strikes each so-manieth matching call only; zero means each.
	Every int
	// Probability of striking a matching call; zero means always.
	Probability float64

	// Error is answered instead of doing anything.
	Error *APIError
	// LostReply cuts the connection after the call has had its effect.
	LostReply bool
	// Hang holds the reply until the caller gives up, or this channel is
	// closed; the call has no effect if the caller gave up first.
	Hang <-chan struct{}
	// StaleFor and StaleChanges make a read answer the state of that time
	// ago, or of before the last so many changes of that kind of object.
	StaleFor     time.Duration
	StaleChanges int
	// Before and After run on the serving goroutine, before anything is done
	// and when the effect is there but the reply is not written. Neither
	// holds a lock: a hook may block and may use the Sim.
	Before, After func(Call)
}

// Injected is a fault in force.
type Injected struct {
	box   *faultBox
	fault Fault
	seen  int
	hits  int
}

type faultBox struct {
	mu     sync.Mutex
	list   []*Injected
	random *rand.Rand
}

// Inject puts a fault in force.
func (s *Sim) Inject(f Fault) *Injected {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	in := &Injected{box: &s.faults, fault: f}
	s.faults.list = append(s.faults.list, in)
	return in
}

// Remove ends the fault.
func (in *Injected) Remove() {
	in.box.mu.Lock()
	defer in.box.mu.Unlock()
	in.box.list = slices.DeleteFunc(in.box.list, func(x *Injected) bool { return x == in })
}

// Hits is how many calls it has struck.
func (in *Injected) Hits() int {
	in.box.mu.Lock()
	defer in.box.mu.Unlock()
	return in.hits
}

// ClearFaults ends every fault.
func (s *Sim) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// strike returns the faults that hit this call.
func (b *faultBox) strike(c Call) []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Fault
	for _, in := range b.list {
		if in.matches(c) {
			in.hits++
			out = append(out, in.fault)
		}
	}
	return out
}

func (in *Injected) matches(c Call) bool {
	f := &in.fault
	if ok, _ := path.Match(f.Action, c.Action); !ok && f.Action != "" {
		return false
	}
	if f.Resource != "" && f.Resource != c.Resource || f.Count > 0 && in.hits >= f.Count {
		return false
	}
	if in.seen++; in.seen <= f.Skip || f.Every > 1 && (in.seen-f.Skip)%f.Every != 0 {
		return false
	}
	return f.Probability == 0 || in.box.random.Float64() < f.Probability
}
