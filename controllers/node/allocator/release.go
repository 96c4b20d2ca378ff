package allocator

import (
	"cmp"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Unknown is the Instance of a holder that only the cloud knows.
const Unknown = "unknown"

// ReleaseToForeign notes that the cloud says somebody else uses the node's prefix: the
// node holds nothing any more, and the prefix stays occupied until the cloud
// no longer shows it.
func (b *Allocator) ReleaseToForeign(uid types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.byNode[uid]
	if !ok {
		return
	}
	b.cede(o, Unknown)
}

// ReleaseToInstance notes that the prefix of a Node that is gone stays on its instance:
// it is the instance's until the cloud shows it there no longer.
func (b *Allocator) ReleaseToInstance(uid types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[uid]; ok {
		b.cede(o, cmp.Or(b.holdings[o].Instance, Unknown))
	}
}

func (b *Allocator) cede(o pool.Owner, instance string) {
	h := *b.holdings[o]
	b.forget(o)
	b.buryNode(h.NodeUID)
	h.Holder, h.Durable, h.Published, h.Found = Holder{Instance: instance}, false, false, true
	h.Delegated, h.Unsaved, h.Before = netip.Prefix{}, false, prefix.Parts{}
	b.record(o, h)
}

// Drop gives a node's prefix back at once. It is only for a prefix that
// neither the ledger nor the cloud has heard of: a durable one stays, and one
// that was found in use stays with the instance.
func (b *Allocator) Drop(uid types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiters.leave(uid)
	o, ok := b.byNode[uid]
	if !ok || b.holdings[o].Durable {
		return
	}
	h := b.holdings[o]
	if h.Found {
		b.cede(o, cmp.Or(h.Instance, Unknown))
		return
	}
	if p := b.pools[h.Key]; p != nil {
		_ = p.Free(h.Prefix, o) // it is held by o, as the holding says
	}
	b.bury(*h)
	b.forget(o)
}

// Release lets a node's prefix rest, now that the cloud shows it nowhere.
// Until is when it may be had again.
func (b *Allocator) Release(uid types.UID, now time.Time) (until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.byNode[uid]; ok {
		b.release(o, now)
	}
	return now.Add(b.quarantine)
}

func (b *Allocator) release(o pool.Owner, now time.Time) {
	h := b.holdings[o]
	if p := b.pools[h.Key]; p != nil {
		_ = p.Release(h.Prefix, o, now) // it is held by o, as the holding says
	}
	b.bury(*h)
	b.forget(o)
}

// Leave forgets that a node waits.
func (b *Allocator) Leave(uid types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiters.leave(uid)
}
