package awssim

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Call is one line of the log of calls.
type Call struct {
	// Action such as "AssignPrivateIpAddresses".
	Action string
	// Resource is the ID that the call names, the first where it names
	// several; empty where it goes by filters.
	Resource string
	// Status is the HTTP status answered; 0 where no reply was sent.
	Status int
	// Code is the error's code, "" for success.
	Code     string
	Start    time.Time
	Mutating bool
}

type callLog struct {
	mu     sync.Mutex
	keep   int
	log    []Call
	counts map[string]int
}

func (l *callLog) add(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.log) >= l.keep {
		l.log = slices.Clone(l.log[len(l.log)/2:])
	}
	l.log = append(l.log, c)
	l.counts[c.Action]++
}

// Calls returns the log of finished calls, oldest first.
func (s *Sim) Calls() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return slices.Clone(s.calls.log)
}

// CallCounts returns how often each action was called.
func (s *Sim) CallCounts() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return maps.Clone(s.calls.counts)
}

// MutatingCalls counts the logged calls that ask for a change.
func (s *Sim) MutatingCalls() int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	n := 0
	for _, c := range s.calls.log {
		if c.Mutating {
			n++
		}
	}
	return n
}

// ResetCalls empties the log and the counts.
func (s *Sim) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.log = nil
	clear(s.calls.counts)
}
