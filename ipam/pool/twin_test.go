package pool

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// twin is the slow, obvious pool: a table with one row an address, and a list of what is held.
type twin struct {
	universe netip.Prefix // all that the twin knows addresses of
	cells    []cell
	parents  []netip.Prefix
	held     []tenure
	rest     time.Duration
	freed    int // how often something became free
}

type cell struct {
	until time.Time // resting where not zero
	used  int       // 0: never; else the value of freed when it became free last
}

type tenure struct {
	pfx   netip.Prefix
	owner Owner
}

func newTwin(universe netip.Prefix, c Config) *twin {
	n := 1 << (universe.Addr().BitLen() - universe.Bits())
	return &twin{universe: universe, cells: make([]cell, n), parents: c.Parents, rest: c.Quarantine}
}

// span is the rows of a prefix: from, and up to but not to.
func (t *twin) span(p netip.Prefix) (from, to int) {
	a, b := p.Addr().As16(), t.universe.Addr().As16()
	from = (int(a[14])<<8 | int(a[15])) - (int(b[14])<<8 | int(b[15]))
	return from, from + 1<<(p.Addr().BitLen()-p.Bits())
}

func (t *twin) rows(p netip.Prefix) []cell {
	from, to := t.span(p)
	return t.cells[from:to]
}

// space reports whether a prefix lies in one parent.
func (t *twin) space(p netip.Prefix) bool {
	return slices.ContainsFunc(t.parents, func(q netip.Prefix) bool { return prefix.Contains(q, p) })
}

func (t *twin) holding(p netip.Prefix) (Owner, bool) {
	for _, h := range t.held {
		if h.pfx == p {
			return h.owner, true
		}
	}
	return 0, false
}

func (t *twin) overlapsHeld(p netip.Prefix) bool {
	return slices.ContainsFunc(t.held, func(h tenure) bool { return h.pfx.Overlaps(p) })
}

func (t *twin) addr(row int) netip.Addr {
	a := t.universe.Addr()
	if a.Is4() {
		b := a.As4()
		n := int(b[2])<<8 | int(b[3]) + row
		b[2], b[3] = byte(n>>8), byte(n)
		return netip.AddrFrom4(b)
	}
	b := a.As16()
	b[14], b[15] = byte(row>>8), byte(row)
	return netip.AddrFrom16(b)
}

func (t *twin) single(row int) netip.Prefix {
	a := t.addr(row)
	return netip.PrefixFrom(a, a.BitLen())
}

// resting are the addresses of the pool's space that rest.
func (t *twin) resting() []netip.Prefix {
	var out []netip.Prefix
	for i, c := range t.cells {
		if s := t.single(i); !c.until.IsZero() && t.space(s) && !t.overlapsHeld(s) {
			out = append(out, s)
		}
	}
	return prefix.Normalise(out)
}

// free are the largest free aligned blocks.
func (t *twin) free() []netip.Prefix {
	occupied := t.resting()
	for _, h := range t.held {
		occupied = append(occupied, h.pfx)
	}
	return prefix.Free(t.parents, occupied)
}

// wake frees what has rested long enough, in the order in which the rests end.
func (t *twin) wake(now time.Time) {
	for {
		var first time.Time
		for i, c := range t.cells {
			if s := t.single(i); !c.until.IsZero() && !c.until.After(now) && t.space(s) && (first.IsZero() || c.until.Before(first)) {
				first = c.until
			}
		}
		if first.IsZero() {
			return
		}
		t.freed++
		for i, c := range t.cells {
			if c.until.Equal(first) && t.space(t.single(i)) {
				t.cells[i] = cell{used: t.freed}
			}
		}
	}
}

// occupy takes addresses out of rest.
func (t *twin) occupy(p netip.Prefix, o Owner) {
	t.held = append(t.held, tenure{p, o})
	t.unrest(p)
}

func (t *twin) unrest(p netip.Prefix) {
	from, to := t.span(p)
	for i := from; i < to; i++ {
		if t.space(t.single(i)) {
			t.cells[i].until = time.Time{}
		}
	}
}

func (t *twin) giveBack(p netip.Prefix, until time.Time) {
	t.held = slices.DeleteFunc(t.held, func(h tenure) bool { return h.pfx == p })
	t.freed++
	rows := t.rows(p)
	for i := range rows {
		switch {
		case until.IsZero():
			rows[i].used = t.freed
		case until.After(rows[i].until):
			rows[i].until = until
		}
	}
}

// inUse reports whether some address of a prefix that is in a parent is held.
func (t *twin) inUse(p netip.Prefix) bool {
	from, to := t.span(p)
	for i := from; i < to; i++ {
		if s := t.single(i); t.space(s) && t.overlapsHeld(s) {
			return true
		}
	}
	return false
}

func (t *twin) restUntil(p netip.Prefix, until time.Time) {
	rows := t.rows(p)
	for i := range rows {
		if until.After(rows[i].until) {
			rows[i].until = until
		}
	}
}

// hasFresh reports whether part of a prefix was never used.
func (t *twin) hasFresh(p netip.Prefix) bool {
	return slices.ContainsFunc(t.rows(p), func(c cell) bool { return c.used == 0 })
}

// whole is since when a free prefix has been free in every part.
func (t *twin) whole(p netip.Prefix) int {
	since := 0
	for _, c := range t.rows(p) {
		since = max(since, c.used)
	}
	return since
}
