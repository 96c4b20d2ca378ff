package simulate

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// Choice says which of the calls that match a fault strikes.
type Choice struct {
	// Skip lets the first matching calls pass.
	Skip int
	// Count is how many calls it strikes; zero means until it is removed.
	Count int
	// Every strikes each so-manieth matching call only; zero means each.
	Every int
	// Probability of striking a matching call; zero means always.
	Probability float64
}

// Fault makes calls go wrong. C is a simulator's record of a call.
type Fault[C any] interface {
	Matches(C) bool
	Choice() Choice
	Effect() Effect[C]
}

// Faults are those in force. It is meant to be embedded: then the simulator
// has Inject and ClearFaults.
type Faults[F Fault[C], C any] struct {
	mu     sync.Mutex
	list   []*Injected[F, C]
	random *rand.Rand
}

// Injected is a fault in force.
type Injected[F Fault[C], C any] struct {
	box        *Faults[F, C]
	fault      F
	seen, hits int
}

// Seed makes what is left to chance repeatable. It comes before any fault.
func Seed[F Fault[C], C any](b *Faults[F, C], seed uint64) {
	b.random = rand.New(rand.NewPCG(seed, seed))
}

// Inject puts a fault in force.
func (b *Faults[F, C]) Inject(f F) *Injected[F, C] {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := &Injected[F, C]{box: b, fault: f}
	b.list = append(b.list, in)
	return in
}

// ClearFaults ends every fault.
func (b *Faults[F, C]) ClearFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = nil
}

// Remove ends the fault.
func (in *Injected[F, C]) Remove() {
	in.box.mu.Lock()
	defer in.box.mu.Unlock()
	in.box.list = slices.DeleteFunc(in.box.list, func(x *Injected[F, C]) bool { return x == in })
}

// Hits is how many calls it has struck.
func (in *Injected[F, C]) Hits() int {
	in.box.mu.Lock()
	defer in.box.mu.Unlock()
	return in.hits
}

// Match returns the faults that hit this call.
func Match[F Fault[C], C any](b *Faults[F, C], c C) []F {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []F
	for _, in := range b.list {
		if in.strikes(c) {
			in.hits++
			out = append(out, in.fault)
		}
	}
	return out
}

func (in *Injected[F, C]) strikes(c C) bool {
	of := in.fault.Choice()
	if !in.fault.Matches(c) || of.Count > 0 && in.hits >= of.Count {
		return false
	}
	if in.seen++; in.seen <= of.Skip || of.Every > 1 && (in.seen-of.Skip)%of.Every != 0 {
		return false
	}
	return of.Probability == 0 || in.box.random.Float64() < of.Probability
}
