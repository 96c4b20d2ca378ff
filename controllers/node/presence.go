package node

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// presence is what a look at an instance shows of a prefix whose Node is gone.
type presence int

const (
	nowhere presence = iota + 1
	ours             // we put it there, so it is for us to take off
	theirs           // somebody else put it there, or on another machine of that name
)

// presenceOf tells where the prefix is, or the IPv6 one that is put there with
// it, where that is valid.
func presenceOf(h allocator.Allocation, nic cloud.Interface, six netip.Prefix, there bool) presence {
	switch {
	case !there || !carries(h, nic) && !(six.IsValid() && nic.Holds(six)):
		return nowhere
	case h.Adopted || !sameMachine(h, nic):
		return theirs
	case !h.Before.IsZero() && len(oursOn(h, nic, six)) == 0:
		return theirs
	}
	return ours
}

// carries tells whether the interface has the prefix, or some of it where we
// put only some there.
func carries(h allocator.Allocation, nic cloud.Interface) bool {
	if h.Before.IsZero() {
		return nic.Holds(h.Prefix) || partly(h, nic)
	}
	return len(carriedOf(nic, h.Prefix)) > 0
}

// oursOn is what there is to take off the interface: the prefix, or what of it
// we put beside what was there before.
func oursOn(h allocator.Allocation, nic cloud.Interface, six netip.Prefix) (out []cloud.Attachment) {
	if h.Before.IsZero() {
		return []cloud.Attachment{{Prefix: h.Prefix, Range: h.Range, IPv6: six}}
	}
	for _, p := range h.Ours() {
		if len(carriedOf(nic, p)) > 0 {
			out = append(out, cloud.Attachment{Prefix: p, Range: h.Range})
		}
	}
	if six.IsValid() && nic.Holds(six) {
		out = append(out, cloud.Attachment{Prefix: six, Range: h.Range})
	}
	return out
}

// carriedOf are the parts of p that the interface carries.
func carriedOf(nic cloud.Interface, p netip.Prefix) []netip.Prefix {
	var all []netip.Prefix
	for _, a := range nic.Attachments {
		all = append(all, a.Prefix)
	}
	return prefix.Intersect(all, []netip.Prefix{p})
}

// beforeUs are the parts of the prefix that are on the interface by others'
// hands, when we are about to put the rest there. What is promised stands
// until it is published; after that, what somebody took off is ours once we
// have put it back. On another machine, all that is there is others'.
func beforeUs(h allocator.Allocation, nic cloud.Interface) prefix.Parts {
	switch {
	case h.Adopted || !sameMachine(h, nic):
		return prefix.PartsOf(carriedOf(nic, h.Prefix)...)
	case !h.Published:
		return h.Before
	}
	return prefix.PartsOf(prefix.Intersect(h.Before.List(), carriedOf(nic, h.Prefix))...)
}

// partly tells of a prefix that only some route tables lead to the interface,
// as after a detachment that was cut short.
func partly(h allocator.Allocation, nic cloud.Interface) bool {
	return byRoutes(h.Key) && slices.Contains(nic.Elsewhere, h.Prefix)
}
