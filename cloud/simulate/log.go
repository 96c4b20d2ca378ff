package simulate

import (
	"maps"
	"slices"
	"sync"
)

// Log is a log of calls. It is meant to be embedded: then the simulator has
// Calls, CallCounts, MutatingCalls and ResetCalls.
type Log[C any] struct {
	mu       sync.Mutex
	keep     int
	log      []C
	counts   map[string]int
	mutating int
}

// Bound keeps the last so many calls, or half of them; counts stay exact. It
// comes before any call.
func Bound[C any](l *Log[C], keep int) { l.keep, l.counts = keep, map[string]int{} }

// Record adds a call by the name that it is counted by.
func Record[C any](l *Log[C], c C, name string, mutates bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.log) >= l.keep {
		l.log = slices.Clone(l.log[len(l.log)/2:])
	}
	l.log = append(l.log, c)
	l.counts[name]++
	if mutates {
		l.mutating++
	}
}

// Calls returns the log of finished calls, oldest first.
func (l *Log[C]) Calls() []C {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.log)
}

// CallCounts returns how often each was called, by name.
func (l *Log[C]) CallCounts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// MutatingCalls counts the calls that ask for a change.
func (l *Log[C]) MutatingCalls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mutating
}

// ResetCalls empties the log and the counts.
func (l *Log[C]) ResetCalls() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log, l.mutating = nil, 0
	clear(l.counts)
}
