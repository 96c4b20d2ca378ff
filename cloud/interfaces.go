package cloud

import (
	"context"
	"iter"
	"net/netip"
	"slices"
)

// Attachment is one prefix on an instance's interface.
type Attachment struct {
	Prefix netip.Prefix
	// Range names the range the prefix is drawn from; it is empty for a
	// prefix out of the subnet's primary range. Where interfaces do not tell
	// (EC2), it is as the subnet's ranges were last read, and empty before.
	Range string
	// IPv6 goes with Prefix, where the caller wants both families and the
	// interface has prefixes Paired: it is Interface.PodIPv6(Prefix), and otherwise
	// not valid. Attachments that are read have prefixes of each family by itself.
	IPv6 netip.Prefix
}

// Interface is the interface of an instance that carries its pod range: nic0
// on Compute Engine, the primary ENI on EC2.
type Interface struct {
	// Instance is the provider ID of the instance, as Node.spec.providerID
	// has it.
	Instance string
	// InstanceUID is the cloud's own identity of the instance. It differs
	// when a machine was re-created under the same name.
	InstanceUID string
	// Subnet is the name (or ID) of the interface's subnet; it is empty when
	// the interface is in none of the node subnets.
	Subnet string
	// SubnetName is the name by which a person finds the interface's subnet,
	// also where Subnet is empty.
	SubnetName string
	// Attachments are the prefixes on the interface besides its own address,
	// in the fewest that hold the same addresses: EC2 knows single /28s only,
	// so two runs that lie side by side in one range read as one. Ask Holds
	// rather than compare.
	Attachments []Attachment
	// Elsewhere are the prefixes that the instance holds in the network in
	// ways that no Attach or Detach touches: on its other interfaces, or of a
	// family the adapter does not attach. They are occupied all the same.
	// A machine's own addresses are not among them: what they take of a
	// subnet out of which pod ranges are carved is in Subnet.Used.
	Elsewhere []netip.Prefix
	// Delegated is the IPv6 prefix that the cloud itself gives the interface
	// for pods: it comes and goes with the interface, is carved out of no
	// range, and no Attach or Detach touches it. On Compute Engine it is the
	// first /112 of a dual-stack interface's /96. It is not valid where there
	// is none: the interface has IPv4 only, or the cloud has IPv6 prefixes
	// carved and attached like any other (the /80s of EC2).
	Delegated netip.Prefix
	// Paired gives every IPv4 prefix of the interface's subnet the IPv6 prefix
	// that goes with it, and is attached with it (EC2). It is nil where none does.
	Paired Pairing
	// Machine is the instance's type, and Slots how many of the places for
	// addresses and prefixes on the interface are taken, where the machine's
	// type limits those. Machine is empty where it was not asked for.
	Machine string
	Slots   int
	// Singles are the single addresses on the interface beside its own, where
	// they take Slots too: a CNI, or somebody, put them there.
	Singles []netip.Addr
	// Version is the cloud's opaque version of the interface (a fingerprint),
	// empty where it has none. An old version costs a call more, never a
	// wrong write.
	Version string
}

// Holds reports whether all of the prefix is on the interface, by itself or as
// a part of what it holds.
func (i Interface) Holds(p netip.Prefix) bool {
	for _, a := range i.Attachments {
		if a.Prefix.Bits() <= p.Bits() && a.Prefix.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// Prefixes are all that the instance holds: Attachments and Elsewhere.
func (i Interface) Prefixes() []netip.Prefix {
	all := slices.Clone(i.Elsewhere)
	for _, a := range i.Attachments {
		all = append(all, a.Prefix)
	}
	return all
}

// Pairing is how a cloud numbers IPv6 prefixes by IPv4 ones. Prefixes that do not
// overlap have IPv6 prefixes that do not: nobody else has to see to that, and one
// is quarantined while the other is.
type Pairing interface {
	// IPv6For is the IPv6 prefix that goes with an IPv4 one of the subnet.
	IPv6For(p netip.Prefix) netip.Prefix
}

// PodIPv6 is the IPv6 prefix that pods have beside those of an IPv4 one: what
// is delegated, or what goes with that prefix. It is not valid where the
// interface has no IPv6.
func (i Interface) PodIPv6(p netip.Prefix) netip.Prefix {
	if i.Paired == nil || !p.Addr().Is4() {
		return i.Delegated
	}
	return i.Paired.IPv6For(p)
}

// Carries reports whether the prefix is on the interface, and with it an IPv6 one
// where that is valid.
func (i Interface) Carries(p, six netip.Prefix) bool {
	return i.Holds(p) && (!six.IsValid() || six == i.Delegated || i.Holds(six))
}

// Operation is a change that the cloud has accepted and may still be making.
type Operation struct {
	// ID names the operation; it is empty when there is nothing to wait for.
	ID string
	// Scope is where the cloud keeps it (project and zone).
	Scope string
	// Act says what it does, for error texts.
	Act string
}

// Done reports whether there is nothing left to wait for.
func (o Operation) Done() bool { return o.ID == "" }

// Interfaces puts prefixes on the interfaces of instances.
//
// As VPC.Routed it does so by routes: a prefix, which lies outside the network,
// is on an interface when every route table that the cluster's subnets use
// leads there. The main table is written first and cleared last, as the
// arbiter: a route to exactly that destination exists once. Other than that
// nothing keeps two apart, so all nodes' ranges out of one block have one size,
// and a block belongs to one cluster. Besides the errors below, Attach returns
// QuotaExceeded when a table is full, and Invalid for a prefix inside the
// network. A prefix that only some tables lead to is Elsewhere; Attach makes it
// whole, and Detach removes what there is. Attach also returns Conflict where a
// route to more or to less than the prefix leads to somebody else's.
//
// InstanceUID is here the interface's own identity. Routed.List also returns
// interfaces without an Instance: what routes lead to that does not exist any
// more, by its InstanceUID. Detach of such a one removes the route; whose it
// was, the caller knows by what it recorded. No other route is ever replaced.
type Interfaces interface {
	// List returns every instance that has an interface in the network, in
	// every project of the cluster, in bulk: its calls grow with pages and
	// not with instances. It stops at the first error.
	List(ctx context.Context) iter.Seq2[Interface, error]

	// Get reads one instance's interface.
	//
	// Errors: NotFound; WrongCloud for a provider ID that is not this
	// cloud's or not of this network's projects.
	Get(ctx context.Context, providerID string) (Interface, error)

	// ExplainNoIPv6 says why the interface has no IPv6 prefix for pods. It is
	// always an error: NotFound, whose text names the interface's and its
	// subnet's address families and what gives them IPv6; Stale, when it has
	// one by now; or why that could not be read.
	ExplainNoIPv6(ctx context.Context, i Interface) error

	// Limit reports how large a prefix the interface takes. It asks the cloud
	// only where that depends on the machine.
	//
	// Errors: NotFound; PermissionDenied, Unauthenticated, Throttled, Unavailable.
	Limit(ctx context.Context, i Interface) (Limit, error)

	// Attach adds one prefix to what the interface holds and touches nothing
	// else. The interface is as List or Get gave it; where it is out of date
	// the adapter reads it again, and returns NotFound when InstanceUID has
	// changed. A prefix that is there already is an operation already done;
	// that is never concluded from what the caller knows, and where the cloud
	// guards an interface by no version (EC2), from no read alone: the cloud is
	// asked for the change, and its answer counts. With IPv6 both are added, or
	// neither: what was added of the two is taken back where somebody else holds
	// an address of the other.
	//
	// Errors, here and from Wait: Conflict, when somebody else holds an
	// address of the prefix; LimitExceeded, when the interface takes no more
	// prefixes; QuotaExceeded; NotFound for the instance or the range;
	// Stale when the interface changed each time we tried; OutcomeUnknown
	// when the change may have been made: Get before anything else is done.
	Attach(ctx context.Context, i Interface, a Attachment) (Operation, error)

	// Detach removes exactly that prefix from the interface, and IPv6 where it
	// is given, in the manner of Attach. A prefix that is not there is an operation already done.
	Detach(ctx context.Context, i Interface, a Attachment) (Operation, error)

	// Wait returns when the operation is done, with its error if it has one.
	// Any number of callers wait on one shared poll. When ctx ends first the
	// error is OutcomeUnknown.
	Wait(ctx context.Context, o Operation) error
}

// VPC is all that a cloud does for one Network.
type VPC struct {
	// Place is which VPC it is.
	Place      Place
	Space      Space
	Ranges     Ranges
	Interfaces Interfaces
	// Routed attaches ranges by routes; nil but where Traits have Routes.
	Routed Interfaces
	// NewSpace is nil but where Traits have Inside: elsewhere a subnet grows by
	// the ranges beside its own block.
	NewSpace NewSpace
	// Proxies is nil where Traits have NoProxies.
	Proxies Proxies
	// Firewalls is nil where the cloud's firewall is kept by other means, and
	// Filters where it does not stand at the machines.
	Firewalls Firewalls
	Filters   Filters
	// Traits say what its ranges are like.
	Traits Traits
}
