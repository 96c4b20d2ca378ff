package aws

import (
	"context"
	"net/netip"
)

// api is every call of the EC2 API that this package makes, in thin values.
// Errors are the SDK's own; errors.go classes them.
type api interface {
	vpc(ctx context.Context, id string) (network, error)
	subnets(ctx context.Context, vpcID, token string) (page[subnet], error)
	reservations(ctx context.Context, subnetID, token string) (page[reservation], error)
	routeTables(ctx context.Context, vpcID, token string) (page[routeTable], error)
	// listEntries returns the CIDRs of a prefix list.
	listEntries(ctx context.Context, listID, token string) (page[string], error)
	// networkInterfaces lists those of a VPC, or of one subnet of it.
	networkInterfaces(ctx context.Context, filter, id, token string) (page[card], error)
	// allGroups lists the security groups of a VPC.
	allGroups(ctx context.Context, vpcID, token string) (page[group], error)
	instance(ctx context.Context, id string) (machine, error)
	instanceType(ctx context.Context, name string) (slots, error)

	createReservation(ctx context.Context, r reservation) error
	deleteReservation(ctx context.Context, id string) error
	assign(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error
	unassign(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error
	assign6(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error
	unassign6(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error

	createRoute(ctx context.Context, tableID string, to netip.Prefix, interfaceID string) error
	deleteRoute(ctx context.Context, tableID string, to netip.Prefix) error
	// uncheck turns the source/destination check off.
	uncheck(ctx context.Context, interfaceID string) error

	addBlock(ctx context.Context, vpcID string, p netip.Prefix) error
	dropBlock(ctx context.Context, associationID string) error
	addSubnet(ctx context.Context, vpcID string, n subnet) (id string, err error)
	dropSubnet(ctx context.Context, id string) error
}

// page is one page of a list.
type page[T any] struct {
	items []T
	next  string // token of the next page, empty at the last
}

type network struct {
	blocks []block
}

// block is a CIDR block of a VPC, of either family.
type block struct{ id, cidr, state, message string }

type subnet struct {
	id, zone, name, cidr, state string
	ipv6                        []string
}

type reservation struct {
	id, subnet, cidr, kind, description string
	name                                string // the tag "Name"
}

type routeTable struct {
	id      string
	main    bool     // of its VPC
	subnets []string // that use it, besides those that use the main one
	routes  []route
}

type route struct {
	dest    string // empty where it is a prefix list
	list    string // the prefix list's ID
	local   bool   // the VPC's own
	peering string // the connection's ID, where it goes to a peer
	target  string
	dead    bool // a blackhole
	// propagated means that a gateway made it of what it learned.
	propagated bool
	// entries and entries6 are how many the prefix list has, as far as it was read.
	entries, entries6 int
}

// card is a network interface.
type card struct {
	id, subnet, vpc, zone, description string
	instance                           string // "" where it is in none
	address                            string // its own, of IPv4
	device, networkCard                int32
	addresses, prefixes                []string // IPv6 ones among them
	groups                             []string // security groups
}

// primary reports whether it is the one that the node's own address is on.
func (c card) primary() bool { return c.device == 0 && c.networkCard == 0 }

type machine struct {
	id, kind, zone, state string
	cards                 []card
}

// slots is what an instance type takes.
type slots struct {
	addresses int32 // IPv4 addresses and prefixes on each interface
	nitro     bool
}
