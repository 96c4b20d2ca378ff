package allocator

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/pool"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Refused is a range that no pool takes: it overlaps one that came before it,
// so that what lies in both would be given out twice, or is no range at all.
type Refused struct {
	Key   Key
	Range Range
	Why   string
}

// newPools makes the pools, of the ranges that are sound. One that is not
// costs its own pool that range, and the other pools nothing.
func (b *Allocator) newPools(definitions []Definition) (map[Key]*pool.Pool, []Definition, []Refused) {
	pools := map[Key]*pool.Pool{}
	var sound []Definition
	var refused []Refused
	for _, d := range definitions {
		kept := Definition{Key: d.Key, Reserved: d.Reserved}
		var parents []netip.Prefix
		for _, r := range d.Ranges {
			if why := unsound(r, parents, append(sound, kept)); why != "" {
				refused = append(refused, Refused{d.Key, r, why})
				continue
			}
			kept.Ranges = append(kept.Ranges, r)
			if !r.Leaving { // else it is known, and nothing is given out of it
				parents = append(parents, prefix.Subtract([]netip.Prefix{r.Prefix}, d.Reserved)...)
			}
		}
		p, err := pool.New(pool.Config{Quarantine: b.quarantine, Parents: parents})
		if err != nil {
			panic(fmt.Sprintf("allocator: a pool of sound ranges: %v", err)) // the quarantine is checked where it is read
		}
		pools[d.Key] = p
		sound = append(sound, kept)
	}
	return pools, sound, refused
}

// unsound reports why a range cannot be part of a pool that has these parents,
// if it cannot.
func unsound(r Range, parents []netip.Prefix, with []Definition) string {
	family := prefix.Family(0)
	if len(parents) > 0 {
		family = prefix.FamilyOf(parents[0])
	}
	if err := prefix.Check(r.Prefix, family); err != nil {
		return err.Error()
	}
	for _, d := range with {
		for _, x := range d.Ranges {
			if x.Prefix.Overlaps(r.Prefix) {
				return fmt.Sprintf("it overlaps %s, range %s of RangeRequest %s in subnet %s", x.Prefix, x.Name, d.Key.Request, d.Key.Subnet)
			}
		}
	}
	return ""
}

// inRanges returns the parts of p that lie in ranges.
func (b *Allocator) inRanges(p netip.Prefix) (parts []netip.Prefix) {
	for _, d := range b.definitions {
		for _, r := range d.Ranges {
			switch {
			case !r.Prefix.Overlaps(p):
			case r.Prefix.Bits() > p.Bits():
				parts = append(parts, r.Prefix)
			default:
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// rest carries the quarantine over from the pools before and the ledger, but
// for what has rested by the reading that began then. No rest is longer than
// from now on: whoever wrote one that is had a clock that was ahead.
func (b *Allocator) rest(old map[Key]*pool.Pool, remembered []Resting, began, now time.Time) {
	for _, p := range old {
		for pfx, until := range p.Resting() {
			remembered = append(remembered, Resting{Prefix: pfx, Until: until})
		}
	}
	remembered = append(remembered, b.astray...)
	b.astray = nil
	latest := now.Add(b.quarantine)
	for _, r := range remembered {
		key, _, ok := b.find(r.Prefix)
		over := b.over(began, now)
		if ok {
			over = b.clock(key, now)
		}
		if !r.Until.After(over) {
			continue
		}
		if r.Until.After(latest) {
			r.Until = latest
		}
		if ok {
			restIn(b.pools[key], r)
		} else {
			b.astray = append(b.astray, r)
		}
	}
}

// restIn lets r rest, around what is held inside it: the ledger remembers
// neighbours as one prefix, of which an adopted part may be in use again.
func restIn(p *pool.Pool, r Resting) {
	for todo := []netip.Prefix{r.Prefix}; len(todo) > 0; {
		piece := todo[0]
		todo = todo[1:]
		if held, ok := errors.AsType[*pool.ConflictError](p.Rest(piece, r.Until)); ok {
			todo = append(todo, prefix.Subtract([]netip.Prefix{piece}, []netip.Prefix{held.With})...)
		}
	}
}
