package allocator

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/pool"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Grow makes the node the holder of a prefix of which its instance carries
// those parts already. All the rest of it has to be as free as what Take gives:
// the error says what is not, and nothing is changed then.
func (b *Allocator) Grow(n Holder, p netip.Prefix, carried []netip.Prefix, now time.Time) (Allocation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[n.NodeUID]; ok {
		return Allocation{}, b.taken(p, b.holdings[o].Prefix, o)
	}
	key, r, ok := b.find(p)
	if !ok || b.pools[key] == nil {
		return Allocation{}, ErrNoRange
	}
	own := b.ownParts(key, n.Instance, p)
	parts := prefix.Intersect(carried, []netip.Prefix{p})
	for _, h := range own {
		parts = append(parts, h.Prefix) // as it was read before
	}
	before := prefix.PartsOf(parts...)
	if err := b.unfit(key, r, p, before.List(), now); err != nil {
		return Allocation{}, err
	}
	for o, h := range own {
		_ = b.pools[key].Free(h.Prefix, o) // it is held by o, as the holding says
	}
	o := b.owner()
	if err := b.pools[key].Occupy(p, o); err != nil {
		_ = b.pools[key].Free(p, o) // an orphan is recorded all the same
		for o, h := range own {
			_ = b.pools[key].Occupy(h.Prefix, o)
		}
		if c, ok := errors.AsType[*pool.ConflictError](err); ok {
			return Allocation{}, b.taken(p, c.With, c.Owner)
		}
		return Allocation{}, err
	}
	for o := range own {
		b.forget(o)
	}
	b.record(o, Allocation{Holder: n, Prefix: p, Key: key, Range: r.Name, Found: true, Before: before})
	b.waiters.leave(n.NodeUID)
	return *b.holdings[o], nil
}

// ownParts are what an instance holds of a prefix for itself, having no Node
// that does.
func (b *Allocator) ownParts(key Key, instance string, p netip.Prefix) map[pool.Owner]Allocation {
	out := map[pool.Owner]Allocation{}
	for _, o := range b.byInstance[instance] {
		if h := b.holdings[o]; h.Key == key && prefix.Contains(p, h.Prefix) {
			out[o] = *h
		}
	}
	return out
}

// unfit reports why nothing is given out of some part of a prefix, but those that
// are carried already, though nobody holds it.
func (b *Allocator) unfit(key Key, r Range, p netip.Prefix, carried []netip.Prefix, now time.Time) error {
	if r.Leaving {
		return fmt.Errorf("range %s is being reclaimed", r.Name)
	}
	for _, d := range b.definitions {
		if d.Key == key && len(prefix.Overlapping(d.Reserved, p)) > 0 {
			return fmt.Errorf("%s is reserved by the Network", prefix.Overlapping(d.Reserved, p)[0])
		}
	}
	for q, until := range b.pools[key].Resting() {
		if rest := prefix.Subtract(prefix.Intersect([]netip.Prefix{q}, []netip.Prefix{p}), carried); len(rest) > 0 && until.After(b.clock(key, now)) {
			return fmt.Errorf("%s is quarantined, as a deleted node had it", rest[0])
		}
	}
	return nil
}

// ReleaseAround is Release for a prefix of which parts were there before us:
// they are the instance's, until the cloud shows them there no longer, and what
// was ours rests.
func (b *Allocator) ReleaseAround(h Allocation, now time.Time) (until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[h.NodeUID]; ok {
		b.release(o, now)
		for _, p := range h.Before.List() {
			b.occupyAround(Allocation{Holder: Holder{Instance: h.Instance}, Prefix: p})
		}
	}
	return now.Add(b.quarantine)
}
