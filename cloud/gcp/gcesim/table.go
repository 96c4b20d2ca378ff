package gcesim

import (
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// scope is where a resource lives: kind "global", "regions" or "zones".
type scope struct{ kind, name string }

var global = scope{kind: "global"}

func (s scope) String() string {
	if s.kind == "global" {
		return "global"
	}
	return s.kind + "/" + s.name
}

type resource interface {
	comparable
	key() string
	created() string
}

type shelfKey struct {
	project string
	scope   scope
}

// table holds one kind of resource. Objects are immutable: put replaces.
type table[T resource] struct {
	shelves map[shelfKey]*shelf[T]
	journal *simulate.Journal[placed, T]
}

// shelf holds one scope's objects in order of their names.
type shelf[T resource] struct {
	names []string
	items []T // items[i] is named names[i]
}

func (sh *shelf[T]) find(name string) (int, bool) {
	if sh == nil {
		return 0, false
	}
	return slices.BinarySearch(sh.names, name)
}

// placed is the name of an object on its shelf.
type placed struct {
	in   shelfKey
	name string
}

func newTable[T resource](keep int) *table[T] {
	return &table[T]{shelves: map[shelfKey]*shelf[T]{}, journal: simulate.NewJournal[placed, T](keep)}
}

func (t *table[T]) get(project string, in scope, name string) (T, bool) {
	sh := t.shelves[shelfKey{project, in}]
	i, ok := sh.find(name)
	if !ok {
		var none T
		return none, false
	}
	return sh.items[i], true
}

func (t *table[T]) put(now time.Time, project string, in scope, v T) {
	at := shelfKey{project, in}
	sh := t.shelves[at]
	if sh == nil {
		sh = &shelf[T]{}
		t.shelves[at] = sh
	}
	name := v.key()
	var old T
	i, had := sh.find(name)
	if had {
		old, sh.items[i] = sh.items[i], v
	} else {
		sh.names = slices.Insert(sh.names, i, name)
		sh.items = slices.Insert(sh.items, i, v)
	}
	t.journal.Note(now, placed{at, name}, old)
}

func (t *table[T]) del(now time.Time, project string, in scope, name string) {
	at := shelfKey{project, in}
	sh := t.shelves[at]
	i, had := sh.find(name)
	if !had {
		return
	}
	t.journal.Note(now, placed{at, name}, sh.items[i])
	sh.names = slices.Delete(sh.names, i, i+1)
	sh.items = slices.Delete(sh.items, i, i+1)
}

// all visits every object, in no particular order of scopes.
func (t *table[T]) all(f func(in shelfKey, v T)) {
	for in, sh := range t.shelves {
		for _, v := range sh.items {
			f(in, v)
		}
	}
}

// view is a table as of some time.
type view[T resource] struct {
	t    *table[T]
	past map[placed]T
}

func (v view[T]) get(project string, in scope, name string) (T, bool) {
	var none T
	if old, ok := v.past[placed{shelfKey{project, in}, name}]; ok {
		return old, old != none
	}
	return v.t.get(project, in, name)
}

// list returns the objects of one scope in order of their names.
func (v view[T]) list(project string, in scope) []T {
	var none T
	at := shelfKey{project, in}
	var names []string
	if sh := v.t.shelves[at]; sh != nil {
		if len(v.past) == 0 {
			return slices.Clone(sh.items)
		}
		names = slices.Clone(sh.names)
	}
	for p := range v.past {
		if p.in == at {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	var out []T
	for _, name := range slices.Compact(names) {
		if o, ok := v.get(project, in, name); ok && o != none {
			out = append(out, o)
		}
	}
	return out
}
