package allocator

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Key names a pool: the ranges that one RangeRequest has in one subnet.
type Key struct {
	Request string `json:"request"`
	Subnet  string `json:"subnet"`
}

// ByRoutes reports whether prefixes out of the pool come to machines by routes:
// then the ranges are in no subnet.
func (k Key) ByRoutes() bool { return k.Subnet == "" }

// Range is a granted range, as the cloud names it.
type Range struct {
	Name   string
	Prefix netip.Prefix
	// Leaving reports that nothing is given out of it any more; what is held in
	// it stays held.
	Leaving bool
}

// Definition says of what ranges a pool is made.
type Definition struct {
	Key    Key
	Ranges []Range
	// Reserved is what somebody reserved of the ranges after they were granted:
	// who holds some of it keeps that, and nothing more is given out of it.
	Reserved []netip.Prefix
}

// Holder is who holds a prefix: a Node, or an instance without one, which
// has no NodeUID.
type Holder struct {
	NodeUID  types.UID `json:"nodeUID"`
	Node     string    `json:"node"`
	Instance string    `json:"instance"` // provider ID
}

// Allocation is a prefix, who holds it, and where it lies. What has a name in
// JSON is what the claims ledger writes of it, in this order.
type Allocation struct {
	Prefix netip.Prefix `json:"prefix"`
	Holder
	// InstanceUID is the cloud's own identity of the instance that it was
	// put on; it is empty where that is not known.
	InstanceUID string `json:"instanceUID,omitempty"`
	// Delegated is the IPv6 prefix that the cloud gives the Node's interface,
	// where the Node is to publish it too.
	Delegated netip.Prefix `json:"delegated,omitzero"`
	// Adopted reports that somebody else put it on the interface: it is never
	// taken off (I4).
	Adopted bool `json:"adopted,omitempty"`
	// Before are the parts of it that were on the interface before we put the
	// rest there: they are never taken off (I4).
	Before prefix.Parts `json:"before,omitzero"`
	Key
	Range string `json:"range"` // the cloud's name of the range

	// Unsaved reports that the claims ledger does not have Delegated yet.
	Unsaved bool `json:"-"`
	// Durable reports that the claims ledger has the holding, or the Node
	// publishes it.
	Durable bool `json:"-"`
	// Published reports that the Node's podCIDRs show it.
	Published bool `json:"-"`
	// Found reports that it was found in use, not given out by the allocator, so
	// that the cloud may know it even where it is not durable yet.
	Found bool `json:"-"`
	// Observed reports that its Node publishes it, and that neither a record nor
	// an interface ever showed it attached.
	Observed bool `json:"-"`
}

// Recorded is the allocation as the claims ledger remembers it once its Node
// publishes it or is gone: Delegated is the cloud's to take back.
func (h Allocation) Recorded() Allocation {
	h.Delegated = netip.Prefix{}
	h.Unsaved, h.Durable, h.Published, h.Found, h.Observed = false, false, false, false, false
	return h
}

// Ours are the parts of the prefix that nobody had put there before us.
func (h Allocation) Ours() []netip.Prefix {
	if h.Adopted {
		return nil
	}
	return prefix.Subtract([]netip.Prefix{h.Prefix}, h.Before.List())
}

// Config is what a Allocator needs.
type Config struct {
	// Quarantine is how long a released prefix rests at least.
	Quarantine time.Duration
	// ReadLag is how old what a listing of interfaces shows may be.
	ReadLag time.Duration
}

// Allocator is the memory of what is whose.
type Allocator struct {
	quarantine, lag time.Duration

	mu          sync.Mutex
	definitions []Definition
	pools       map[Key]*pool.Pool
	listed      map[Key]time.Time // when the last complete listing of the interfaces began
	holdings    map[pool.Owner]*Allocation
	byNode      map[types.UID]pool.Owner
	byName      map[string][]pool.Owner // by the Node's name
	byInstance  map[string][]pool.Owner // holders that are instances
	nextOwner   pool.Owner
	waiters     waiters
	delegated   delegations
	rebuilding  *tombs // not nil while a rebuild gathers what there is
	// astray rest outside every range: they rest on where one comes back.
	astray []Resting
}

// New makes an empty allocator, which gives nothing out.
func New(cfg Config) *Allocator {
	b := &Allocator{quarantine: cfg.Quarantine, lag: cfg.ReadLag}
	b.reset()
	return b
}

func (b *Allocator) reset() {
	b.pools, b.listed = map[Key]*pool.Pool{}, map[Key]time.Time{}
	b.holdings = map[pool.Owner]*Allocation{}
	b.byNode = map[types.UID]pool.Owner{}
	b.byName = map[string][]pool.Owner{}
	b.byInstance = map[string][]pool.Owner{}
	b.delegated = delegations{by: map[netip.Prefix]pool.Owner{}}
	b.nextOwner = 0
}

// Find returns the pool and the range in which a prefix lies.
func (b *Allocator) Find(p netip.Prefix) (Key, Range, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.find(p)
}

func (b *Allocator) find(p netip.Prefix) (Key, Range, bool) {
	for _, d := range b.definitions {
		for _, r := range d.Ranges {
			if r.Prefix.Bits() <= p.Bits() && r.Prefix.Contains(p.Addr()) {
				return d.Key, r, true
			}
		}
	}
	return Key{}, Range{}, false
}

// At returns the pool in which a prefix lies, and who holds exactly that
// prefix, if anybody does.
func (b *Allocator) At(p netip.Prefix) (Key, Allocation, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, _, ok := b.find(p)
	if !ok || b.pools[key] == nil {
		return key, Allocation{}, ok
	}
	if o, held := b.pools[key].Lookup(p); held && b.holdings[o] != nil {
		return key, *b.holdings[o], true
	}
	return key, Allocation{}, true
}

// Has reports whether there is a pool of that key.
func (b *Allocator) Has(k Key) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pools[k] != nil
}

// Ranges returns the ranges of a pool.
func (b *Allocator) Ranges(k Key) []Range {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.definitions {
		if d.Key == k {
			return slices.Clone(d.Ranges)
		}
	}
	return nil
}

// Held returns what a Node holds.
func (b *Allocator) Held(uid types.UID) (Allocation, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.byNode[uid]
	if !ok {
		return Allocation{}, false
	}
	return *b.holdings[o], true
}

// Left returns what Nodes of that name held that are not the Node of that UID:
// they are gone, and their prefixes are to be taken back. An empty UID means
// that there is no such Node at all. Nor does any of them wait any longer.
func (b *Allocator) Left(name string, current types.UID) []Allocation {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiters.gone(name, current)
	var out []Allocation
	for _, o := range b.byName[name] {
		if h := b.holdings[o]; h.NodeUID != current {
			out = append(out, *h)
		}
	}
	return out
}

// OfNodes returns those allocations of Nodes, be they there or gone, that a
// caller wants.
func (b *Allocator) OfNodes(wanted func(Allocation) bool) (out []Allocation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.byNode {
		if h := *b.holdings[o]; wanted(h) {
			out = append(out, h)
		}
	}
	return out
}

// All wants every allocation.
func All(Allocation) bool { return true }

// IsObserved wants the allocations of observed Nodes.
func IsObserved(h Allocation) bool { return h.Observed }

// Instances returns the instances without a Node that hold prefixes.
func (b *Allocator) Instances() []Allocation {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Allocation
	for _, owners := range b.byInstance {
		for _, o := range owners {
			out = append(out, *b.holdings[o])
		}
	}
	return out
}

// TakenError says who holds a prefix that another wants.
type TakenError struct {
	Prefix netip.Prefix
	With   netip.Prefix
	Holder Holder
}

func (e *TakenError) Error() string {
	who := "instance " + e.Holder.Instance
	if e.Holder.Node != "" {
		who = "node " + e.Holder.Node
	}
	if e.Holder == (Holder{}) {
		who = "nobody we know"
	}
	return fmt.Sprintf("%s overlaps %s, which %s holds", e.Prefix, e.With, who)
}

// record makes the holder the owner of a prefix that a pool has given.
func (b *Allocator) record(o pool.Owner, h Allocation) {
	b.holdings[o] = &h
	b.delegated.add(h.Delegated, o)
	if h.NodeUID != "" {
		b.byNode[h.NodeUID] = o
		b.byName[h.Node] = append(b.byName[h.Node], o)
	} else {
		b.byInstance[h.Instance] = append(b.byInstance[h.Instance], o)
	}
}

// owner returns a fresh handle. Handles are not used again: 2^32 of them
// outlast any cluster's churn by far.
func (b *Allocator) owner() pool.Owner {
	b.nextOwner++
	return b.nextOwner
}

func (b *Allocator) forget(o pool.Owner) {
	h := b.holdings[o]
	b.delegated.remove(h.Delegated)
	delete(b.holdings, o)
	if h.NodeUID != "" {
		delete(b.byNode, h.NodeUID)
		without(b.byName, h.Node, o)
		return
	}
	without(b.byInstance, h.Instance, o)
}

func without(index map[string][]pool.Owner, key string, o pool.Owner) {
	left := slices.DeleteFunc(index[key], func(x pool.Owner) bool { return x == o })
	if len(left) == 0 {
		delete(index, key)
	} else {
		index[key] = left
	}
}
