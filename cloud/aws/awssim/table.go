package awssim

import (
	"slices"
	"time"
)

type resource interface {
	comparable
	key() string
	tagged() tags
}

// table holds one kind of resource. Objects are immutable: put replaces.
type table[T resource] struct {
	ids     []string // in order
	items   map[string]T
	born    map[string]time.Time
	journal []entry[T]
	keep    int // entries of the journal kept for stale reads
}

// entry says what was there before a change; was is zero where nothing was.
type entry[T resource] struct {
	at  time.Time
	id  string
	was T
}

func newTable[T resource](keep int) *table[T] {
	return &table[T]{items: map[string]T{}, born: map[string]time.Time{}, keep: keep}
}

func (t *table[T]) note(now time.Time, id string) {
	if len(t.journal) >= t.keep {
		t.journal = slices.Clone(t.journal[len(t.journal)/2:])
	}
	t.journal = append(t.journal, entry[T]{now, id, t.items[id]})
}

func (t *table[T]) put(now time.Time, v T) {
	id := v.key()
	t.note(now, id)
	if _, there := t.items[id]; !there {
		at, _ := slices.BinarySearch(t.ids, id)
		t.ids = slices.Insert(t.ids, at, id)
		t.born[id] = now
	}
	t.items[id] = v
}

func (t *table[T]) del(now time.Time, id string) {
	t.note(now, id)
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
	v := view[T]{t: t, since: s.clock.Now().Add(-s.config.Fresh)}
	if c.Mutating {
		return v
	}
	for _, f := range c.faults {
		back := len(t.journal) - min(f.StaleChanges, len(t.journal))
		for f.StaleFor > 0 && back > 0 && t.journal[back-1].at.After(s.clock.Now().Add(-f.StaleFor)) {
			back--
		}
		if f.StaleFor <= 0 && f.StaleChanges <= 0 {
			continue
		}
		v.then = map[string]T{}
		for i := len(t.journal) - 1; i >= back; i-- {
			v.then[t.journal[i].id] = t.journal[i].was
		}
	}
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
