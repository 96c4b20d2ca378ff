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
	when    func() time.Time // a change is made
	journal *simulate.Journal[string, T]
}

func newTable[T resource](s *Sim) *table[T] {
	return &table[T]{items: map[string]T{}, born: map[string]time.Time{}, when: s.when, journal: simulate.NewJournal[string, T](s.config.History)}
}

func (t *table[T]) put(v T) {
	id, now := v.key(), t.when()
	t.journal.Note(now, id, t.items[id])
	if _, there := t.items[id]; !there {
		at, _ := slices.BinarySearch(t.ids, id)
		t.ids = slices.Insert(t.ids, at, id)
		t.born[id] = now
	}
	t.items[id] = v
}

func (t *table[T]) del(id string) {
	t.journal.Note(t.when(), id, t.items[id])
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

// see is the table as the call sees it: a read as it was a moment ago, or as a
// fault says; without what is too fresh to be known.
func see[T resource](s *Sim, c *call, t *table[T]) view[T] {
	v := view[T]{t: t, since: s.clock.Now().Add(-s.config.Fresh)}
	if c.Mutating {
		return v
	}
	age := simulate.AgeOf[Fault, Call](c.faults)
	age.Past = max(age.Past, s.config.Stale)
	v.then = t.journal.Past(s.clock.Now(), age, func(string) bool { return true })
	return v
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
