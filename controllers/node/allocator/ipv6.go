package allocator

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
)

// delegations are which holding has which of the prefixes that the cloud
// itself gives to interfaces. They lie in no pool: they are known here only so
// that no two Nodes publish one (I1), as when two Nodes name one instance, or
// an instance has what another's Node still publishes.
type delegations struct {
	by      map[netip.Prefix]pool.Owner
	lengths [129]int // how many there are of each prefix length
}

func (d *delegations) add(p netip.Prefix, o pool.Owner) {
	if p.IsValid() {
		d.by[p] = o
		d.lengths[p.Bits()]++
	}
}

func (d *delegations) remove(p netip.Prefix) {
	if p.IsValid() {
		delete(d.by, p)
		d.lengths[p.Bits()]--
	}
}

// overlap returns one that overlaps p and whose owner is not o. They are all of
// one length, but for what other allocators publish.
func (d *delegations) overlap(p netip.Prefix, o pool.Owner) (netip.Prefix, pool.Owner, bool) {
	for bits, n := range d.lengths {
		switch {
		case n == 0:
		case bits <= p.Bits():
			q, err := p.Addr().Prefix(bits)
			if other, has := d.by[q]; err == nil && has && other != o {
				return q, other, true
			}
		default:
			for q, other := range d.by {
				if q.Overlaps(p) && other != o {
					return q, other, true
				}
			}
		}
	}
	return netip.Prefix{}, 0, false
}

// Delegate notes that p is what the cloud delegates to the interface of a
// Node that holds something, in place of what was noted before. The error is a
// *TakenError when another Node has it.
func (b *Allocator) Delegate(uid types.UID, p netip.Prefix) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.byNode[uid]
	if !ok {
		return nil
	}
	return b.delegate(o, p)
}

func (b *Allocator) delegate(o pool.Owner, p netip.Prefix) error {
	h := b.holdings[o]
	if h.Delegated == p {
		return nil
	}
	if with, other, taken := b.delegated.overlap(p, o); taken {
		return b.taken(p, with, other)
	}
	b.delegated.remove(h.Delegated)
	b.delegated.add(p, o)
	h.Delegated, h.Unsaved = p, true
	return nil
}

// recall restores what is known to be delegated to a Node: what it publishes,
// or else what was noted first.
func (b *Allocator) recall(k Allocation) error {
	o := b.byNode[k.NodeUID]
	if !k.Delegated.IsValid() || b.holdings[o].Delegated.IsValid() && !k.Published {
		return nil
	}
	err := b.delegate(o, k.Delegated)
	b.holdings[o].Unsaved = false
	return err
}
