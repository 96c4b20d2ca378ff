package cloud

import (
	"context"
	"net/netip"
	"slices"
	"strings"
)

// Protocol is what traffic a firewall rule is about.
type Protocol struct {
	// Name is "all", "tcp", "udp", "icmp" or another, in lower case; or the
	// protocol's number.
	Name string
	// Ports are single ones and ranges ("22", "8000-8080"); all where empty.
	Ports []string
}

// FirewallRule allows or denies traffic that comes in to machines of the
// network. Of the rules that match a packet the one with the least priority
// decides, and a deny before an allow of the same; where none matches, the
// packet is dropped.
type FirewallRule struct {
	Name        string
	Description string
	Priority    int
	Deny        bool
	// Sources are the addresses whose traffic it is about. A rule without any
	// goes by marks of the sending machine, which never match pod addresses.
	Sources []netip.Prefix
	// Destinations are the addresses that the traffic goes to; every one
	// where there are none.
	Destinations []netip.Prefix
	// Targets name the machines it applies to (a tag, a service account);
	// every machine of the network where there are none.
	Targets   []string
	Protocols []Protocol
}

// Mark is the ownership mark of the name; it is zero where it carries none.
func (r FirewallRule) Mark() Mark { return ParseMark(r.Name) }

// Equal reports whether both say the same; in lists order does not matter.
func (r FirewallRule) Equal(o FirewallRule) bool {
	return r.Name == o.Name && r.Description == o.Description && r.Priority == o.Priority && r.Deny == o.Deny &&
		sameSet(r.Sources, o.Sources, netip.Prefix.Compare) && sameSet(r.Destinations, o.Destinations, netip.Prefix.Compare) &&
		sameSet(r.Targets, o.Targets, strings.Compare) && sameSet(texts(r.Protocols), texts(o.Protocols), strings.Compare)
}

func texts(list []Protocol) (out []string) {
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

// String is "tcp:80,443", or "tcp" for all ports.
func (p Protocol) String() string {
	if len(p.Ports) == 0 {
		return p.Name
	}
	return p.Name + ":" + strings.Join(slices.Sorted(slices.Values(p.Ports)), ",")
}

func sameSet[T comparable](a, b []T, compare func(T, T) int) bool {
	return slices.Equal(slices.Compact(slices.SortedFunc(slices.Values(a), compare)), slices.Compact(slices.SortedFunc(slices.Values(b), compare)))
}

// Firewalls keeps the rules of the network's own firewall. What is above it,
// policies of an organization or of the network, it neither reads nor changes.
type Firewalls interface {
	// Read returns the rules for incoming traffic that are in force, in the
	// order in which they decide.
	//
	// Errors: PermissionDenied, Unauthenticated, Throttled, Unavailable.
	Read(ctx context.Context) ([]FirewallRule, error)

	// Ensure makes the rule, or sets right one of its name and description
	// that differs, and returns when the cloud confirms it. One that is as
	// wanted costs no change. There are no versions: of two writers the last
	// one wins.
	//
	// Errors: Conflict, when a rule of that name has another description,
	// and so is not ours; PermissionDenied; QuotaExceeded; Invalid;
	// OutcomeUnknown when it may have been made.
	Ensure(ctx context.Context, r FirewallRule) error

	// Delete removes the rule of that name and description. One that is gone
	// is success.
	//
	// Errors: as of Ensure.
	Delete(ctx context.Context, r FirewallRule) error

	// Command is the command line by which a person makes the rule.
	Command(r FirewallRule) string
}

// Filter is what stands before machines of one kind: the security groups that
// they have.
type Filter struct {
	// Machines names the kind in words, Target the filter that a rule can be
	// added to.
	Machines, Target string
	// Rules for incoming traffic, in the order in which they decide.
	Rules []FirewallRule
}

// Filters reads firewalls that stand at machines and not at the network, and
// that people keep.
type Filters interface {
	// Read returns the filters of the machines in the node subnets, one of each
	// kind. Traffic comes through where it comes through all of them.
	//
	// Errors: NotFound, while there is no machine; PermissionDenied,
	// Unauthenticated, Throttled, Unavailable.
	Read(ctx context.Context) ([]Filter, error)

	// Command is the command line by which a person adds the rule to the
	// filter that is its only target.
	Command(r FirewallRule) string
}
