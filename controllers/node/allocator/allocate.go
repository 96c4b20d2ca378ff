package allocator

import (
	"cmp"
	"errors"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Want is one pool a node may draw from, and the prefix length it wants of it.
type Want struct {
	Key  Key
	Bits int
}

// Take gives the node a prefix out of the first of wants that has room. Nodes
// that waited longer are served before it. Where there is no room the node
// is remembered as waiting since then, to be named by Feed when there is.
//
// A node that holds something already gets that. The error is
// pool.ErrNotRestored or a *pool.ExhaustedError, of the last pool tried.
func (b *Allocator) Take(n Holder, since time.Time, wants []Want, now time.Time) (Allocation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[n.NodeUID]; ok {
		return *b.holdings[o], nil
	}
	if b.waiters.anyBut(n.NodeUID) {
		b.feed(now)
		if o, ok := b.byNode[n.NodeUID]; ok {
			return *b.holdings[o], nil // it waited too, and its turn came
		}
	}
	h, err := b.take(n, wants, now)
	if err == nil {
		b.waiters.leave(n.NodeUID)
	} else if _, exhausted := errors.AsType[*pool.ExhaustedError](err); exhausted {
		b.waiters.join(Waiter{Holder: n, Since: since, Wants: wants})
	}
	return h, err
}

func (b *Allocator) take(n Holder, wants []Want, now time.Time) (Allocation, error) {
	var failed error = pool.ErrNotRestored
	for _, w := range wants {
		p := b.pools[w.Key]
		if p == nil {
			continue
		}
		o := b.nextOwner + 1
		got, err := p.Allocate(w.Bits, o, b.clock(w.Key, now))
		if err != nil {
			failed = err
			continue
		}
		b.nextOwner = o
		_, r, _ := b.find(got)
		h := Allocation{Holder: n, Prefix: got, Key: w.Key, Range: r.Name}
		b.record(o, h)
		return h, nil
	}
	return Allocation{}, failed
}

// Adopt makes the node the holder of exactly that prefix, which its Node
// publishes or its instance carries already. The instance's own entry for it
// becomes the node's. What the node did not hold before counts as adopted. The error is a *TakenError when another holds it, and
// ErrNoRange when it lies in none of the ranges.
func (b *Allocator) Adopt(n Holder, p netip.Prefix) (Allocation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, err := b.adopt(n, p)
	if err == nil {
		b.waiters.leave(n.NodeUID)
	}
	return h, err
}

// ErrNoRange reports that a prefix does not lie, not wholly at least, in any of
// the ranges.
var ErrNoRange = errors.New("it does not lie in any of the granted ranges")

func (b *Allocator) adopt(n Holder, p netip.Prefix) (Allocation, error) {
	if o, ok := b.byNode[n.NodeUID]; ok && n.NodeUID != "" {
		if h := b.holdings[o]; h.Prefix == p {
			if h.Instance == "" {
				h.Instance = n.Instance // the Node had no providerID yet
			}
			return *h, nil
		}
		return Allocation{}, &TakenError{Prefix: p, With: b.holdings[o].Prefix, Holder: b.holdings[o].Holder}
	}
	key, r, ok := b.find(p)
	if !ok || b.pools[key] == nil {
		return Allocation{}, ErrNoRange
	}
	if o, ok := b.pools[key].Lookup(p); ok {
		had := b.holdings[o]
		if had == nil || had.NodeUID != "" || had.Instance != cmp.Or(n.Instance, Unknown) {
			return Allocation{}, b.taken(p, p, o)
		}
		if n.NodeUID == "" {
			return *had, nil
		}
		b.forget(o)
		b.record(o, Allocation{Holder: n, Prefix: p, Key: key, Range: r.Name, Found: true, Adopted: true})
		return *b.holdings[o], nil
	}
	o := b.owner()
	if err := b.pools[key].Occupy(p, o); err != nil && !errors.Is(err, pool.ErrOrphan) {
		if c, ok := errors.AsType[*pool.ConflictError](err); ok {
			return Allocation{}, b.taken(p, c.With, c.Owner)
		}
		return Allocation{}, err
	}
	b.record(o, Allocation{Holder: n, Prefix: p, Key: key, Range: r.Name, Found: true, Adopted: true})
	return *b.holdings[o], nil
}

func (b *Allocator) taken(p, with netip.Prefix, o pool.Owner) *TakenError {
	e := &TakenError{Prefix: p, With: with}
	if h := b.holdings[o]; h != nil {
		e.Holder = h.Holder
	}
	return e
}

// Transfer hands what one Node held to another Node of the same instance.
func (b *Allocator) Transfer(from types.UID, to Holder) (Allocation, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.byNode[from]
	if _, has := b.byNode[to.NodeUID]; !ok || has || b.holdings[o].Instance != to.Instance {
		return Allocation{}, false
	}
	h := *b.holdings[o]
	b.forget(o)
	b.buryNode(from)
	h.Holder, h.Durable, h.Published, h.Found = to, false, false, true
	b.record(o, h)
	b.waiters.leave(to.NodeUID)
	return h, true
}

// PutOn notes that we are about to put the node's prefix on that instance, but
// for the parts of it that are there already, by others' hands. Where that is
// news the holding is no longer durable, since the ledger does not say so yet.
func (b *Allocator) PutOn(uid types.UID, instanceUID string, before prefix.Parts) (h Allocation, news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.byNode[uid]
	if !ok {
		return Allocation{}, false
	}
	held := b.holdings[o]
	held.Observed = false
	if news = held.Adopted || held.InstanceUID != instanceUID || held.Before != before; news {
		held.Found = held.Found || held.Durable
		held.Adopted, held.InstanceUID, held.Before, held.Durable = false, instanceUID, before, false
	}
	return *held, news
}

// Observe notes whether the node's prefix was never shown attached.
func (b *Allocator) Observe(uid types.UID, observed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[uid]; ok {
		b.holdings[o].Observed = observed
	}
}

// MarkDurable notes that a node's holding is in the ledger; MarkPublished
// that the Node shows it.
func (b *Allocator) MarkDurable(uid types.UID) { b.mark(uid, false) }

// MarkPublished notes that the Node shows its holding.
func (b *Allocator) MarkPublished(uid types.UID) { b.mark(uid, true) }

func (b *Allocator) mark(uid types.UID, published bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[uid]; ok {
		b.holdings[o].Durable, b.holdings[o].Unsaved = true, false
		b.holdings[o].Published = b.holdings[o].Published || published
	}
}
