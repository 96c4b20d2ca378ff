package gcp

import (
	"context"

	"github.com/vpcnative/vpcnative/cloud"
)

// api is every call of the Compute Engine API that this package makes, in
// thin values. Errors are the SDKs' own; call.go classes them.
type api interface {
	network(ctx context.Context, project, name string) (network, error)
	subnetworks(ctx context.Context, project, token string) (page[subnetwork], error)
	routes(ctx context.Context, project, token string) (page[route], error)
	peeringRoutes(ctx context.Context, project, network, peering, region, token string) (page[peeringRoute], error)
	routers(ctx context.Context, project, token string) (page[router], error)
	routerStatus(ctx context.Context, ref routerRef) (learned, error)
	globalAddresses(ctx context.Context, project, token string) (page[address], error)

	subnetwork(ctx context.Context, ref subnetRef) (subnetwork, error)
	patchSubnetwork(ctx context.Context, ref subnetRef, p subnetPatch) (operation, error)
	insertProxySubnet(ctx context.Context, ref subnetRef, p proxyInsert) (operation, error)
	deleteSubnetwork(ctx context.Context, ref subnetRef, requestID string) (operation, error)

	firewalls(ctx context.Context, project, token string) (page[firewall], error)
	firewall(ctx context.Context, ref firewallRef) (firewall, error)
	insertFirewall(ctx context.Context, ref firewallRef, f firewall, requestID string) (operation, error)
	patchFirewall(ctx context.Context, ref firewallRef, f firewall, requestID string) (operation, error)
	deleteFirewall(ctx context.Context, ref firewallRef, requestID string) (operation, error)

	instances(ctx context.Context, project, token string) (page[instance], error)
	instance(ctx context.Context, ref instanceRef) (instance, error)
	updateNetworkInterface(ctx context.Context, ref instanceRef, p nicPatch) (operation, error)

	lbAPI

	operations(ctx context.Context, s scope, max int64, token string) (page[operation], error)
	operation(ctx context.Context, s scope, name string) (operation, error)
}

// page is one page of a list.
type page[T any] struct {
	items []T
	next  string // token of the next page, empty at the last
	// holes are what the list says it lacks. A list with a hole in it must never
	// pass for the whole.
	holes []hole
}

type network struct {
	auto     bool // auto mode: 10.128.0.0/9 is its own
	peerings []string
}

type subnetwork struct {
	name, region, network, fingerprint string
	primary, stack                     string
	ipv6                               []string // internal and external prefixes
	secondary                          []secondaryRange
	purpose, role, description         string
}

// secondaryRange carries every field that the API has, so that a kept entry
// is sent back exactly as it was read.
type secondaryRange struct {
	name, cidr, reservedRange, ipVersion, ipCollection string
}

type subnetPatch struct {
	secondary              []secondaryRange
	fingerprint, requestID string
}

// proxyInsert is a proxy-only subnetwork to be made, active.
type proxyInsert struct {
	network, cidr, description, requestID string
}

// firewall is a rule. Those for outgoing traffic are read for their name.
type firewall struct {
	name, network, description, direction string
	priority                              int64
	disabled                              bool
	allowed, denied                       []cloud.Protocol
	sources, destinations                 []string
	marks, targets                        []string // tags and service accounts
}

type route struct {
	name, network, dest string
	// nextHopNetwork is set on the routes of the network's own subnets.
	nextHopNetwork, nextHopPeering string
	nextHopIP                      string
}

type peeringRoute struct {
	dest, kind string
	imported   bool
}

// router is a Cloud Router; one without peers translates addresses only.
type router struct {
	name, region, network string
	peers                 int
}

// learned is what a router knows of the other side.
type learned struct {
	best  []route           // of the network in the router's region, and its own
	peers map[string]string // the names of BGP peers, by their addresses
}

type address struct {
	name, network, address, purpose string
	prefixLength                    int
}

type instance struct {
	id, name, zone string
	nics           []nic
}

type nic struct {
	name, network, subnetwork, fingerprint string
	aliases                                []alias
	aliases6                               []alias
	stack                                  string // stackType
	ipv6                                   []ipv6Range
}

// ipv6Range is a range of the interface itself, as the API splits it: by its
// first address and its length.
type ipv6Range struct {
	first string
	bits  int
}

type alias struct {
	cidr string
	rng  string // name of the secondary range, empty for the primary one
}

type nicPatch struct {
	nic                    string
	aliases                []alias
	fingerprint, requestID string
}

type operation struct {
	name, target string
	done         bool
	status       int // httpErrorStatusCode, 0 where there was none
	faults       []fault
}

// fault is one entry of an operation's error list.
type fault struct{ code, message string }
