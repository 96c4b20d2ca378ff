package cloud

import (
	"context"
	"net/netip"
)

// ProxySubnet is the subnet that holds the proxies of a region's managed load
// balancers. A network has one that is active in each region, or none.
type ProxySubnet struct {
	Name   string
	Prefix netip.Prefix
	// Description says in full whose it is, as [Owner.Description] does.
	Description string
}

// Mark is the ownership mark of the name; it is zero where it carries none.
func (s ProxySubnet) Mark() Mark { return ParseMark(s.Name) }

// Proxies makes and removes the region's proxy-only subnet.
type Proxies interface {
	// Ensure makes the subnet, active, and returns when the cloud confirms
	// it. An active one of that name with that prefix is success, so a repeat
	// after a lost reply is safe; its description is not compared.
	//
	// Errors: Conflict, when the region has another active one, or the prefix
	// overlaps something in the network, or the name is taken: read, and use
	// the one that is there or choose another prefix; QuotaExceeded; Invalid
	// for a prefix the cloud refuses, such as one too small; NotFound for the
	// network; OutcomeUnknown when it may have been made: read before
	// anything else is done.
	Ensure(ctx context.Context, s ProxySubnet) error

	// Delete removes exactly the proxy-only subnet of that name and prefix
	// and returns when the cloud confirms it. One that is gone is success.
	//
	// Errors: Conflict, when load balancers use it, its prefix is not the one
	// given or it is no proxy-only subnet; Stale, OutcomeUnknown.
	Delete(ctx context.Context, s ProxySubnet) error
}
