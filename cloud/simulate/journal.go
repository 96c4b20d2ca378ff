package simulate

import (
	"slices"
	"time"
)

// Journal remembers what was where before each change, for reads that are to
// be stale. It is not safe for concurrent use.
type Journal[K comparable, T any] struct {
	keep    int
	entries []entry[K, T]
}

type entry[K comparable, T any] struct {
	at  time.Time
	key K
	was T
}

// NewJournal keeps the last so many changes, or up to twice as many.
func NewJournal[K comparable, T any](keep int) *Journal[K, T] {
	return &Journal[K, T]{keep: keep}
}

// Note says what is at the key now, right before it changes; the zero T where
// there is nothing.
func (j *Journal[K, T]) Note(now time.Time, key K, was T) {
	if j.keep == 0 {
		return
	}
	if len(j.entries) >= 2*j.keep {
		j.entries = slices.Clone(j.entries[j.keep:])
	}
	j.entries = append(j.entries, entry[K, T]{now, key, was})
}

// Past is what was at those keys that match and have changed since that age.
func (j *Journal[K, T]) Past(now time.Time, a Age, match func(K) bool) map[K]T {
	if a == (Age{}) {
		return nil
	}
	past, left := map[K]T{}, a.Changes
	for i := len(j.entries) - 1; i >= 0; i-- {
		e := j.entries[i]
		newer := a.Past > 0 && e.at.After(now.Add(-a.Past))
		if !newer && left == 0 {
			break
		}
		if !match(e.key) {
			continue
		}
		left = max(left-1, 0)
		past[e.key] = e.was
	}
	return past
}
