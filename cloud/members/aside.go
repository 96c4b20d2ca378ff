package members

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A member that was not taken is tried again after firstPause, and later each
// time.
const (
	firstPause = 10 * time.Second
	mostPause  = 5 * time.Minute
)

// Aside remembers the members that the cloud did not take, so that they cost a
// call at times and keep nobody else out. Its zero value is not for use.
type Aside struct {
	now func() time.Time

	mu  sync.Mutex
	all map[Group]map[string]notTaken
}

type notTaken struct {
	err   error
	again time.Time
	pause time.Duration
}

// NewAside remembers nobody yet.
func NewAside(now func() time.Time) *Aside {
	return &Aside{now: now, all: map[Group]map[string]notTaken{}}
}

// Left is a member that is set aside, and why.
type Left struct {
	Member string
	Err    error
}

type state int

const (
	unknown state = iota
	due
	waits
)

func (a *Aside) state(g Group, member string) state {
	if a == nil {
		return unknown
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch n, known := a.all[g][member]; {
	case !known:
		return unknown
	case a.now().Before(n.again):
		return waits
	}
	return due
}

// Note enters what came of a change.
func (a *Aside) Note(r Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range slices.Concat(r.Attached, r.Detached) {
		delete(a.all[r.Group], m)
	}
	for _, left := range r.Left {
		if a.all[r.Group] == nil {
			a.all[r.Group] = map[string]notTaken{}
		}
		pause := min(mostPause, max(firstPause, 2*a.all[r.Group][left.Member].pause))
		a.all[r.Group][left.Member] = notTaken{left.Err, a.now().Add(pause), pause}
	}
}

// Keep forgets the members of a group that are not wanted in it any more, and
// those that it holds by now.
func (a *Aside) Keep(w Wanted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	missing := without(w.Want, w.Has)
	for m := range a.all[w.Group] {
		if !slices.Contains(missing, m) {
			delete(a.all[w.Group], m)
		}
	}
	if len(a.all[w.Group]) == 0 {
		delete(a.all, w.Group)
	}
}

// Forget forgets a group.
func (a *Aside) Forget(g Group) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.all, g)
}

// Of are the members that are set aside from a group, in order.
func (a *Aside) Of(g Group) (out []Left) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for m, n := range a.all[g] {
		out = append(out, Left{m, n.err})
	}
	slices.SortFunc(out, func(x, y Left) int { return cmp.Compare(x.Member, y.Member) })
	return out
}

// Next is when the first of those that are set aside from such groups is to be
// tried again; zero where there is none.
func (a *Aside) Next(of func(Group) bool) (first time.Time) {
	for g, at := range a.firsts() {
		if of(g) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// firsts is when the first of each group is to be tried again.
func (a *Aside) firsts() map[Group]time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[Group]time.Time{}
	for g, in := range a.all {
		for _, n := range in {
			if had, is := out[g]; !is || n.again.Before(had) {
				out[g] = n.again
			}
		}
	}
	return out
}
