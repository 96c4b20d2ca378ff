package awssim

import (
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// listed is what comes in pages, in the order of its key.
type listed interface{ key() string }

type resource interface {
	comparable
	listed
	tagged() tags
}

// table holds one kind of resource. Objects are immutable: put replaces.
type table[T resource] struct {
	ids     []string // in order
	items   map[string]T
	born    map[string]time.Time
	journal *simulate.Journal[string, T]
}

func newTable[T resource](keep int) *table[T] {
	return &table[T]{items: map[string]T{}, born: map[string]time.Time{}, journal: simulate.NewJournal[string, T](keep)}
}

func (t *table[T]) put(now time.Time, v T) {
	id := v.key()
	t.journal.Note(now, id, t.items[id])
	if _, there := t.items[id]; !there {
		at, _ := slices.BinarySearch(t.ids, id)
		t.ids = slices.Insert(t.ids, at, id)
		t.born[id] = now
	}
	t.items[id] = v
}

func (t *table[T]) del(now time.Time, id string) {
	t.journal.Note(now, id, t.items[id])
	if at, there := slices.BinarySearch(t.ids, id); there {
		t.ids = slices.Delete(t.ids, at, at+1)
	}
	delete(t.items, id)
	delete(t.born, id)
}

// all is every object in order of IDs, as it is now.
func (t *table[T]) all() []T {
	out := make([]T, 0, len(t.ids))
	for _, id := range t.ids {
		out = append(out, t.items[id])
	}
	return out
}

// view is the table as one call sees it.
type view[T resource] struct {
	t *table[T]
	// then overrides what has changed since the time that is looked back to.
	then map[string]T
	// since hides IDs younger than that.
	since time.Time
}

// see is the table as the call sees it: now, or as a fault says; without what
// is too fresh to be known.
func see[T resource](s *Sim, c *call, t *table[T]) view[T] {
	lag := s.lagOf(t)
	v := view[T]{t: t, since: s.clock.Now().Add(-max(s.config.Fresh, lag))}
	if c.Mutating {
		return v
	}
	age := simulate.AgeOf[Fault, Call](c.faults)
	age.Past = max(age.Past, lag/2)
	v.then = t.journal.Past(s.clock.Now(), age, func(string) bool { return true })
	return v
}

// lagOf is how far a kind is behind: that of load balancing.
func (s *Sim) lagOf(t any) time.Duration {
	switch t.(type) {
	case *table[*balancer], *table[*targetGroup], *table[*listener], *table[*securityGroup]:
		return s.config.BalancingLag
	}
	return 0
}

func (v view[T]) get(id string) (T, bool) {
	var none T
	if was, changed := v.then[id]; changed {
		return was, was != none
	}
	if v.t.born[id].After(v.since) {
		return none, false
	}
	got, ok := v.t.items[id]
	return got, ok
}

// list is every object in order of IDs.
func (v view[T]) list() []T {
	ids := v.t.ids
	if len(v.then) > 0 {
		ids = slices.Clone(ids)
		for id := range v.then {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	var out []T
	for _, id := range ids {
		if got, ok := v.get(id); ok {
			out = append(out, got)
		}
	}
	return out
}
