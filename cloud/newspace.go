package cloud

import (
	"context"
	"net/netip"
)

// NewSubnet is a subnet to be made for new nodes.
type NewSubnet struct {
	// Name carries the ownership mark.
	Name string
	// Zone is where its machines will be.
	Zone   string
	Prefix netip.Prefix
}

// NewSpace adds address space for new nodes, where the subnets are full and a
// subnet cannot grow.
type NewSpace interface {
	// AddBlock adds a block to the network and returns when subnets can be made
	// in it. One that the network has is success. A block carries no mark: it
	// is ours by the exact value that the caller recorded before.
	//
	// Errors: Invalid, when the cloud refuses the block next to those that the
	// network has, or because a route leads into it, with its text; Conflict;
	// QuotaExceeded; NotFound for the network; OutcomeUnknown, also when ctx
	// ends before the block can be used.
	AddBlock(ctx context.Context, p netip.Prefix) error

	// RemoveBlock removes exactly that block and returns when it is gone. One
	// that is gone is success.
	//
	// Errors: Conflict, while a subnet lies in it, or for the network's first
	// block; OutcomeUnknown.
	RemoveBlock(ctx context.Context, p netip.Prefix) error

	// AddSubnet makes the subnet and returns its ID when machines can be made in
	// it. One of that name with that prefix and zone is success.
	//
	// Errors: Conflict, when the name is taken with another prefix or zone, or
	// the prefix overlaps a subnet; Invalid, when no block of the network holds
	// it, or there is no such zone; QuotaExceeded; OutcomeUnknown.
	AddSubnet(ctx context.Context, s NewSubnet) (id string, err error)

	// RemoveSubnet removes exactly the subnet of that name and prefix. One
	// that is gone is success.
	//
	// Errors: Conflict, while anything is in it; OutcomeUnknown.
	RemoveSubnet(ctx context.Context, s NewSubnet) error
}
