package cloud

import (
	"context"
	"net/netip"
)

// Kind is what occupies a prefix of the VPC.
type Kind string

const (
	// SubnetPrimary is the primary range of a subnet.
	SubnetPrimary Kind = "SubnetPrimary"
	// SecondaryRange is a secondary range of a subnet, whoever made it.
	SecondaryRange Kind = "SecondaryRange"
	// StaticRoute is the destination of a route somebody made.
	StaticRoute Kind = "StaticRoute"
	// PeeringRoute is a destination learnt from a peered network.
	PeeringRoute Kind = "PeeringRoute"
	// DynamicRoute is a destination that the other side announces by BGP: learnt
	// by a Cloud Router, or propagated by a virtual private gateway.
	DynamicRoute Kind = "DynamicRoute"
	// SubnetReservation is a range inside the primary range of a subnet (a
	// subnet CIDR reservation on EC2), whoever made it.
	SubnetReservation Kind = "SubnetReservation"
	// Reservation is a reserved block of addresses, such as the ranges kept
	// for private services access.
	Reservation Kind = "Reservation"
	// ProxyOnly is a subnet kept for managed load balancers' proxies, in which
	// no machine lives.
	ProxyOnly Kind = "ProxyOnly"
	// Prohibited is space that the cloud refuses to every subnet.
	Prohibited Kind = "Prohibited"
)

// IsRange reports whether Ranges makes and removes it.
func (k Kind) IsRange() bool { return k == SecondaryRange || k == SubnetReservation }

// IsRoute reports whether it is the destination of a route, whoever made it.
func (k Kind) IsRoute() bool { return k == StaticRoute || k == PeeringRoute || k == DynamicRoute }

// Occupied is one prefix of the VPC that cannot be carved, and what it is.
type Occupied struct {
	Prefix netip.Prefix
	Kind   Kind
	// Name is the cloud's own name, long enough for a person to find it:
	// "us-central1/nodes" for a subnet, "us-central1/nodes/pods" for a
	// secondary range of it.
	Name string
	// Mark is the ownership mark read from the name; it is zero where the
	// object carries none.
	Mark Mark
}

// Encloses reports whether it holds the whole primary range of a subnet and takes
// nothing in it: the subnet itself, and routes, to which the network's own is
// preferred, or which lead the subnet's traffic by another way.
func (o Occupied) Encloses(s Subnet) bool {
	return (o.Kind == SubnetPrimary || o.Kind.IsRoute()) &&
		s.Primary.IsValid() && o.Prefix.Bits() <= s.Primary.Bits() && o.Prefix.Contains(s.Primary.Addr())
}

// Range is a block of pod addresses inside the VPC from which nodes of one
// subnet draw: a secondary range on Compute Engine, a subnet CIDR reservation
// on EC2.
type Range struct {
	// Subnet is the subnet's name (Compute Engine) or ID (EC2).
	Subnet string
	// Name is the range's name in the cloud.
	Name   string
	Prefix netip.Prefix
}

// Subnet is a subnet in which nodes of the cluster live.
type Subnet struct {
	Name string
	// Made is the name, with a mark of the cluster, under which NewSpace made
	// it; empty for every other.
	Made string
	// Zone is where it is; empty where a subnet spans the zones of a region.
	Zone    string
	Primary netip.Prefix
	// IPv6 are the prefixes out of which the cloud gives interfaces ranges of
	// their own; there are none where it is IPv4 only.
	IPv6 []netip.Prefix
	// Ranges are the ranges it has now, ours and others'.
	Ranges []Range
	// MaxRanges is how many ranges it may have at most; 0 is no known limit.
	MaxRanges int
	// Used is what is taken inside Primary and IPv6, in order, where ranges are
	// carved out of these themselves (EC2): addresses of machines and of other parties,
	// prefixes on interfaces, and what the cloud keeps. A range may cover some
	// of it; those addresses are no pod's. Empty where ranges lie beside Primary.
	Used []netip.Prefix
}

// Snapshot is what the VPC held when it was read.
type Snapshot struct {
	// Subnets are the node subnets that the adapter was configured with, and
	// after them those that NewSpace made for the cluster.
	Subnets []Subnet
	// Occupied is every prefix in use in the whole network, all regions,
	// ordered by address.
	Occupied []Occupied
	// Around are the routes that occupy nothing, as they lead around whole
	// supernets; Within takes them out of Occupied.
	Around []Occupied
	// Unseen is what the credentials were not let see, or what is not there to be
	// read: it may be in use, and not among Occupied.
	Unseen []Unseen
	// Proxy is the region's active proxy-only subnet, whoever made it; nil
	// where there is none, or the cloud has no such thing.
	Proxy *ProxySubnet
	// Routes is the room for Routed attachments; nil where there are none.
	Routes *RouteRoom
	// Blocks are the VPC's own blocks, in which a subnet may be made at any
	// time; there are none where any subnet may have any.
	Blocks []netip.Prefix
	// Traits say how ranges lie in it.
	Traits Traits
}

// Space reads the address space of one VPC.
type Space interface {
	// Read lists everything that occupies the VPC, with a number of calls
	// that grows with pages and never with instances.
	//
	// Errors: NotFound, when the network or one of its node subnets does not
	// exist, in the latter case with all that there is; PermissionDenied, Unauthenticated, Throttled, Unavailable.
	Read(ctx context.Context) (Snapshot, error)
}

// Ranges makes and removes the blocks from which pod ranges are carved.
type Ranges interface {
	// Create makes the range and returns when the cloud confirms it. A range
	// of that name with that prefix in that subnet is success, so a repeat
	// after a lost reply is safe.
	//
	// Errors: Conflict, when the prefix overlaps something in the network or
	// the name is taken with another prefix; LimitExceeded and QuotaExceeded;
	// NotFound for the subnet; Invalid for a prefix the cloud refuses;
	// Stale when others changed the subnet each time we tried; OutcomeUnknown
	// when the change may have been made: read before anything else is done.
	Create(ctx context.Context, r Range) error

	// Delete removes exactly the range of that name and prefix and returns
	// when the cloud confirms it. A range that is gone is success.
	//
	// Errors: Conflict, when it is in use or its prefix is not the one given:
	// then it is still there, or again (EC2 refuses no deletion, so what was
	// taken out of it meanwhile shows only afterwards); Stale, OutcomeUnknown,
	// NotFound for the subnet.
	Delete(ctx context.Context, r Range) error
}
