package node

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/release"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// What an instance came with is its Node's, where that is enough for the node's
// max pods: what is published cannot change. Where a cloud puts single prefixes on
// an interface (cloud.Traits.Grows), what is too small is made part of the block
// that the node would be given: the prefixes around it are put there too. They are
// ours, and the others are not (Holding.Before).

// ownPrefixes is what a Node's instance came with, and what it is for.
type ownPrefixes struct {
	c          *Controller
	holder     allocator.Holder
	nic        cloud.Interface
	candidates []*v1alpha1.RangeRequest
	maxPods    int64
	bounds     assign.Bounds
	limit      cloud.Limit
	grows      bool
}

// ownPrefix is a prefix that the instance carries out of a range of a request.
type ownPrefix struct {
	cloud.Attachment
	by *v1alpha1.RangeRequest
}

// take gives the Node one of them. Without a holding and trouble the instance
// carries none that can be the Node's.
func (o ownPrefixes) take(ctx context.Context) (h allocator.Allocation, small *conditions.Refusal) {
	var tooSmall []ownPrefix
	for _, x := range o.list() {
		if o.fewer(x.Prefix.Bits()) {
			tooSmall = append(tooSmall, x)
			continue
		}
		if h, err := o.c.allocator.Adopt(o.holder, x.Prefix); err == nil {
			return h, nil
		}
	}
	for _, x := range tooSmall {
		h, why := o.grow(ctx, x)
		if why == "" {
			return h, nil
		}
		if !x.by.Spec.AllowUndersized {
			small = cmp.Or(small, ownUndersized(x.by, o.holder.Instance, x.Attachment, o.maxPods, why))
		} else if h, err := o.c.allocator.Adopt(o.holder, x.Prefix); err == nil {
			return h, nil
		}
	}
	return allocator.Allocation{}, small
}

func (o ownPrefixes) list() (out []ownPrefix) {
	for _, a := range o.nic.Attachments {
		key, _, ok := o.c.allocator.Find(a.Prefix)
		at := slices.IndexFunc(o.candidates, func(r *v1alpha1.RangeRequest) bool { return r.Name == key.Request })
		if ok && at >= 0 && !a.Prefix.IsSingleIP() {
			out = append(out, ownPrefix{a, o.candidates[at]})
		}
	}
	return out
}

// fewer reports that a prefix of that length holds fewer addresses than the node
// has max pods.
func (o ownPrefixes) fewer(bits int) bool { return int64(assign.Holds(bits)) < o.maxPods }

// grow makes the Node the holder of the block around x, or says why it cannot.
func (o ownPrefixes) grow(ctx context.Context, x ownPrefix) (_ allocator.Allocation, why string) {
	if !o.grows || isRouted(x.by) {
		return allocator.Allocation{}, " (it cannot be made larger)"
	}
	block, ok := o.block(x)
	if !ok {
		return allocator.Allocation{}, fmt.Sprintf("; it cannot be made larger, as %s: %s", o.limit.Why, o.limit.Remedy)
	}
	others, err := o.c.publishers(ctx, block, o.holder.NodeUID)
	if err == nil && len(others) > 0 {
		err = fmt.Errorf("node %s publishes %s", others[0].Node, others[0].Prefix)
	}
	var h allocator.Allocation
	if err == nil {
		h, err = o.c.allocator.Grow(o.holder, block, release.CarriedOf(o.nic, block), o.c.Now())
	}
	if err != nil {
		return h, fmt.Sprintf("; it cannot be made %s, which is done as soon as all of that is free: %v", block, err)
	}
	return h, ""
}

// block is what x is made part of: what a node like this is given, or the
// largest that there are slots for, if that has an address for each pod or need
// not have.
func (o ownPrefixes) block(x ownPrefix) (netip.Prefix, bool) {
	size, ok := assign.NodeSize(x.by, o.maxPods, o.bounds)
	for bits := size.Bits; ok && bits < x.Prefix.Bits(); bits++ {
		if o.fewer(bits) && !x.by.Spec.AllowUndersized {
			break
		}
		block := netip.PrefixFrom(x.Prefix.Addr(), bits).Masked()
		missing := prefix.Subtract([]netip.Prefix{block}, release.CarriedOf(o.nic, block))
		if o.pieces(missing) <= o.limit.Pieces {
			return block, true
		}
	}
	return netip.Prefix{}, false
}

// pieces is how many pieces of the smallest length those prefixes are.
func (o ownPrefixes) pieces(list []netip.Prefix) (n int) {
	for _, p := range list {
		n += 1 << max(o.bounds.Smallest-p.Bits(), 0)
	}
	return n
}
