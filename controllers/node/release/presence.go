package release

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Presence is what a look at an instance shows of a prefix whose Node is gone.
type Presence int

const (
	Nowhere Presence = iota + 1
	Ours             // we put it there, so it is for us to take off
	Theirs           // somebody else put it there, or on another machine of that name
)

// PresenceOf reports where the prefix is, or the IPv6 one that is put there with
// it, where that is valid.
func PresenceOf(h allocator.Allocation, nic cloud.Interface, six netip.Prefix, there bool) Presence {
	switch {
	case !there || !carries(h, nic) && !(six.IsValid() && nic.Holds(six)):
		return Nowhere
	case h.Adopted || !SameMachine(h, nic):
		return Theirs
	case !h.Before.IsZero() && len(OursOn(h, nic, six)) == 0:
		return Theirs
	}
	return Ours
}

// carries reports whether the interface has the prefix, or some of it where we
// put only some there.
func carries(h allocator.Allocation, nic cloud.Interface) bool {
	if h.Before.IsZero() {
		return nic.Holds(h.Prefix) || partly(h, nic)
	}
	return len(CarriedOf(nic, h.Prefix)) > 0
}

// OursOn is what there is to take off the interface: the prefix, or what of it
// we put beside what was there before.
func OursOn(h allocator.Allocation, nic cloud.Interface, six netip.Prefix) (out []cloud.Attachment) {
	if h.Before.IsZero() {
		return []cloud.Attachment{{Prefix: h.Prefix, Range: h.Range, IPv6: six}}
	}
	for _, p := range h.Ours() {
		if len(CarriedOf(nic, p)) > 0 {
			out = append(out, cloud.Attachment{Prefix: p, Range: h.Range})
		}
	}
	if six.IsValid() && nic.Holds(six) {
		out = append(out, cloud.Attachment{Prefix: six, Range: h.Range})
	}
	return out
}

// CarriedOf are the parts of p that the interface carries.
func CarriedOf(nic cloud.Interface, p netip.Prefix) []netip.Prefix {
	var all []netip.Prefix
	for _, a := range nic.Attachments {
		all = append(all, a.Prefix)
	}
	return prefix.Intersect(all, []netip.Prefix{p})
}

// BeforeUs are the parts of the prefix that are on the interface by others'
// hands, when we are about to put the rest there. What is promised stands
// until it is published; after that, what somebody took off is Ours once we
// have put it back. On another machine, all that is there is others'.
func BeforeUs(h allocator.Allocation, nic cloud.Interface) prefix.Parts {
	switch {
	case h.Adopted || !SameMachine(h, nic):
		return prefix.PartsOf(CarriedOf(nic, h.Prefix)...)
	case !h.Published:
		return h.Before
	}
	return prefix.PartsOf(prefix.Intersect(h.Before.List(), CarriedOf(nic, h.Prefix))...)
}

// partly reports a prefix that only some route tables lead to the interface,
// as after a detachment that was cut short.
func partly(h allocator.Allocation, nic cloud.Interface) bool {
	return h.Key.ByRoutes() && slices.Contains(nic.Elsewhere, h.Prefix)
}

// SameMachine reports whether the interface is of the machine that the prefix
// was put on, as far as that is known, and not of one re-created under its name.
func SameMachine(h allocator.Allocation, nic cloud.Interface) bool {
	return h.InstanceUID == "" || nic.InstanceUID == h.InstanceUID
}

// HasMoved reports whether another machine has taken the name, and no range of
// the old one's subnet can ever be put on it.
func HasMoved(h allocator.Allocation, nic cloud.Interface) bool {
	return !h.Key.ByRoutes() && nic.Subnet != h.Key.Subnet && !nic.Holds(h.Prefix)
}
