package node

import (
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/book"
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
func presenceOf(h book.Holding, nic cloud.Interface, six netip.Prefix, there bool) presence {
	switch {
	case !there || !nic.Holds(h.Prefix) && !partly(h, nic) && !(six.IsValid() && nic.Holds(six)):
		return nowhere
	case h.Adopted || !sameMachine(h, nic):
		return theirs
	}
	return ours
}

// partly tells of a prefix that only some route tables lead to the interface,
// as after a detachment that was cut short.
func partly(h book.Holding, nic cloud.Interface) bool {
	return byRoutes(h.Key) && slices.Contains(nic.Elsewhere, h.Prefix)
}
