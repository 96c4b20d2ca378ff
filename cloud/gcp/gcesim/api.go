package gcesim

import (
	"net/netip"
)

// The Go side: what a test does "by hand", at once and without operations. The
// same rules hold as over HTTP, and a broken one is the *APIError or the
// *OperationError's text as an error.

// Network describes a VPC network.
type Network struct {
	Project, Name string
	Auto          bool // auto mode: a subnetwork in each region, 10.128.0.0/9 taken
	ULA           bool // enableUlaInternalIpv6: internal IPv6 for its subnetworks
	Global        bool // dynamic routing of all regions in each
}

// SecondaryRange is a named secondary range.
type SecondaryRange struct {
	Name   string
	Prefix netip.Prefix
}

// Subnetwork describes a subnetwork. Network is a name in the same project, or
// a path or URL.
type Subnetwork struct {
	Project, Region, Name string
	Network               string
	Primary               netip.Prefix
	Secondary             []SecondaryRange
	Purpose, Role         string
	Description           string
	// AllowRouteOverlap sets allowSubnetCidrRoutesOverlap.
	AllowRouteOverlap bool
	// IPv6Access makes it dual stack: INTERNAL or EXTERNAL.
	IPv6Access string
	// IPv6 is its /64; it is only read.
	IPv6 netip.Prefix
	// Fingerprint and SelfLink are only read.
	Fingerprint, SelfLink string
}

// Alias is an alias range; RangeName "" is the primary range.
type Alias struct {
	Prefix    netip.Prefix
	RangeName string
}

// Interface is a network interface. Subnetwork is a name in the VM's project
// and region, or a path or URL (a shared VPC's is in its host project).
type Interface struct {
	Name       string
	Network    string
	Subnetwork string
	IP         netip.Addr // unset: the first free one
	Aliases    []Alias
	// StackType is IPV4_ONLY where it is empty, or IPV4_IPV6.
	StackType string
	// IPv6 is the interface's /96; by hand it asks for that one.
	IPv6 netip.Prefix
	// Fingerprint is only read.
	Fingerprint string
}

// Firewall is a VPC firewall rule for incoming traffic. Network is a name in
// the same project.
type Firewall struct {
	Project, Name, Network string
	Description            string
	// Priority 0 stands for the default, 1000.
	Priority              int
	Deny, Disabled        bool
	Sources, Destinations []netip.Prefix
	SourceTags            []string
	TargetTags            []string
	// Protocols are written "tcp:80,443" or "all".
	Protocols []string
}

// Instance is a VM.
type Instance struct {
	Project, Zone, Name string
	Interfaces          []Interface
	CanIPForward        bool
	Labels              map[string]string
	// ID, Status and SelfLink are only read.
	ID               uint64
	Status, SelfLink string
}
