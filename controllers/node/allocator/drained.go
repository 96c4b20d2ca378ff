package allocator

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Outlook is what the allocator does with one granted range.
type Outlook struct {
	// Known reports that the range is part of a pool; Given that prefixes are
	// given out of it.
	Known, Given bool
	// Held says who holds a prefix that touches it, or that one rests there;
	// it is empty where there is nothing.
	Held string
	// ByNode reports that a Node holds one of them, whether it is there or gone;
	// what an instance without a Node carries has no rest to come.
	ByNode bool
	// Rests is until when a prefix of it rests; it is zero where none does.
	Rests time.Time
}

// Look reports what is done with exactly that range at a time.
func (b *Allocator) Look(at netip.Prefix, now time.Time) Outlook {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out Outlook
	var key Key
	for _, d := range b.definitions {
		for _, r := range d.Ranges {
			if r.Prefix == at {
				out.Known, out.Given, key = true, !r.Leaving, d.Key
			}
		}
	}
	if !out.Known {
		return out
	}
	for p, until := range b.pools[key].Resting() {
		if p.Overlaps(at) && until.After(now) {
			out.Held = fmt.Sprintf("%s is quarantined until %s", p, until)
			out.Rests = latest(out.Rests, until)
		}
	}
	for _, h := range b.holdings {
		if out.ByNode || !h.Prefix.Overlaps(at) {
			continue
		}
		out.Held, out.ByNode = fmt.Sprintf("%s holds %s", cmp.Or(h.Node, h.Instance), h.Prefix), h.NodeUID != ""
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Waiters returns the Nodes that wait for room, by name.
func (b *Allocator) Waiters() []Waiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.waiters.byUID), func(a, b Waiter) int { return cmp.Compare(a.Node, b.Node) })
}
