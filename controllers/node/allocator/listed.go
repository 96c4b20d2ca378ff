package allocator

import (
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// A released prefix was missed on its own instance; somebody may have put it
// on another since. So its rest ends only by the word of a complete listing of
// all interfaces that began so late that it cannot show the time before the
// release. One listing serves all that was released until then.

// clock is the time by which the rests of a pool have come to their end.
func (b *Allocator) clock(k Key, now time.Time) time.Time { return b.over(b.listed[k], now) }

// over is until when rests have ended by a listing that began then.
func (b *Allocator) over(began, now time.Time) time.Time {
	if spoken := began.Add(b.quarantine - b.lag); spoken.Before(now) {
		return spoken
	}
	return now
}

// Unlisted returns the pools in which a rest is over but for a listing that
// would begin now, and what rests there as long.
func (b *Allocator) Unlisted(now time.Time) map[Key][]netip.Prefix {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out map[Key][]netip.Prefix
	for k, p := range b.pools {
		next, rests := p.NextRest(b.clock(k, now))
		if by := b.over(now, now); !rests || next.After(by) {
			continue
		} else if out == nil {
			out = map[Key][]netip.Prefix{}
		}
		for pfx, until := range p.Resting() {
			if !until.After(now) {
				out[k] = append(out[k], pfx)
			}
		}
	}
	return out
}

// Listed takes in what a complete listing of the interfaces of those pools
// showed: what one carries is occupied, and what none does has rested. It
// returns what was free, or rested, and is not any longer. Of what was released
// too late for it to tell it says nothing.
func (b *Allocator) Listed(pools []Key, attached []Allocation, began time.Time) (found []Allocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range pools {
		if b.pools[k] != nil {
			b.listed[k] = latest(b.listed[k], began)
		}
	}
	late := b.restingAfter(began)
	for _, k := range attached {
		if b.carriesItsOwn(k) {
			continue
		}
		before := len(b.holdings)
		for _, p := range prefix.Subtract([]netip.Prefix{k.Prefix}, late) {
			b.occupyAround(Allocation{Holder: k.Holder, Prefix: p, InstanceUID: k.InstanceUID})
		}
		if len(b.holdings) > before {
			found = append(found, k)
		}
	}
	return found
}

// restingAfter returns what rests on after a listing that began then.
func (b *Allocator) restingAfter(began time.Time) (out []netip.Prefix) {
	for _, p := range b.pools {
		for pfx, until := range p.Resting() {
			if until.After(began.Add(b.quarantine - b.lag)) {
				out = append(out, pfx)
			}
		}
	}
	return out
}
