// Package cloudtest is the contract that every adapter passes on its
// simulator: what package cloud promises, property by property, in words of
// no cloud.
package cloudtest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// Kind names the calls that the suite counts and disturbs.
type Kind string

const (
	// Listing reads instances in bulk.
	Listing Kind = "list instances"
	// Getting reads one instance.
	Getting Kind = "get an instance"
	// Attaching changes an interface.
	Attaching Kind = "change an interface"
	// Ranging changes a subnet's ranges.
	Ranging Kind = "change ranges"
	// Proxying makes or removes proxy-only subnets.
	Proxying Kind = "change proxy-only subnets"
	// Ruling changes firewall rules.
	Ruling Kind = "change firewall rules"
	// Polling looks at operations.
	Polling Kind = "look at operations"
)

// Fault is what befalls a call.
type Fault string

const (
	// Throttle refuses the call for coming too soon.
	Throttle Fault = "throttle"
	// LostReply makes the change and cuts the connection.
	LostReply Fault = "lost reply"
	// Fail answers with a server error, having changed nothing.
	Fail Fault = "fail"
)

// World arranges the cloud behind a VPC, as somebody else would. Its methods
// end the test when they fail.
type World interface {
	// AddInstance adds a machine with an interface in the harness's subnet
	// that holds these prefixes, and gives its provider ID.
	AddInstance(name string, holds ...cloud.Attachment) string
	// Delete deletes a machine; Replace makes another of the same provider ID.
	Delete(providerID string)
	Replace(providerID string)
	// Put puts a prefix on a machine's interface; Held is what it holds.
	Put(providerID string, a cloud.Attachment)
	Held(providerID string) []cloud.Attachment
	// AddRange adds a range to the subnet; Ranges are those it has.
	AddRange(r cloud.Range)
	Ranges() []cloud.Range
	// AddProxies adds an active proxy-only subnet; UseProxies lets a load
	// balancer use it; Proxies are those that the region has.
	AddProxies(s cloud.ProxySubnet)
	UseProxies(name string)
	Proxies() []cloud.ProxySubnet
	// AddRule adds a firewall rule, or replaces the one of its name; Rules
	// are those in force, Disable takes one out of force.
	AddRule(r cloud.FirewallRule)
	Disable(name string)
	Rules() []cloud.FirewallRule

	// Strike lets the fault befall the next n calls of the kind.
	Strike(k Kind, f Fault, n int)
	// Before runs act once, before the next call of the kind takes effect.
	Before(k Kind, act func())
	// SlowDown makes operations that start from now on take so long.
	SlowDown(d time.Duration)
	// Count is how many calls of the kind were made so far.
	Count(k Kind) int
}

// Harness is one VPC on one fresh simulator.
type Harness struct {
	VPC   *cloud.VPC
	World World
	// Subnet is where machines and ranges are.
	Subnet string
	// Range exists, is empty, and has room for NodeCIDR(0) to NodeCIDR(255).
	Range    cloud.Range
	NodeCIDR func(n int) netip.Prefix
	// Free is space without anything in it, at least 16 times as large as
	// the smallest range that the cloud allows; Block(n) are parts of it.
	Block func(n int) netip.Prefix
	// PageSize is how many instances one page holds.
	PageSize int
	// ForeignID is another cloud's provider ID, StrangerID one of this cloud
	// but of a project or account that is not the network's.
	ForeignID, StrangerID string
	// AbsentID is a well-formed provider ID of a machine that does not exist.
	AbsentID string
	// AddDelegated adds a machine whose interface has a delegated prefix; nil
	// where the cloud delegates none.
	AddDelegated func(name string) (providerID string)
	// Synchronous: a change of an interface is made when the call returns, so
	// there are no operations to look at.
	Synchronous bool
	// UniqueIDs: a provider ID never comes back on another machine.
	UniqueIDs bool
	// Settle waits until all that was done so far shows in every read; nil where
	// it does at once.
	Settle func()
	// Refused makes a call whose credentials the cloud does not accept.
	Refused func(context.Context) error
}

// Run runs every property, each on its own harness, side by side.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	for _, p := range properties {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			c := &check{T: t, Harness: fresh(t), ctx: ctx}
			if p.needs == proxySubnets && c.VPC.Proxies == nil || p.needs == firewallRules && c.VPC.Firewalls == nil {
				t.Skipf("this cloud has no %s", p.needs)
			}
			p.holds(c)
		})
	}
}

type property struct {
	name  string
	holds func(*check)
	needs port
}

// port is one that not every cloud has.
type port string

const (
	anyCloud      port = ""
	proxySubnets  port = "proxy-only subnets"
	firewallRules port = "firewall rules at its machines"
)

var properties = []property{
	{"AttachPutsThePrefixThere", attachPutsThePrefixThere, anyCloud},
	{"AttachIsIdempotent", attachIsIdempotent, anyCloud},
	{"AttachTouchesNothingElse", attachTouchesNothingElse, anyCloud},
	{"AttachCostsOneCall", attachCostsOneCall, anyCloud},
	{"AttachOnStaleVersionRereads", attachOnStaleVersionRereads, anyCloud},
	{"AttachDoesNotTrustStaleKnowledge", attachDoesNotTrustStaleKnowledge, anyCloud},
	{"NeighboursDoNotHideEachOther", neighboursDoNotHideEachOther, anyCloud},
	{"AttachmentsNameTheirRange", attachmentsNameTheirRange, anyCloud},
	{"OwnAddressesAreNotElsewhere", ownAddressesAreNotElsewhere, anyCloud},
	{"DetachLastLeavesNothing", detachLastLeavesNothing, anyCloud},
	{"DetachIsIdempotent", detachIsIdempotent, anyCloud},
	{"DetachSparesWhatOthersPut", detachSparesWhatOthersPut, anyCloud},
	{"ReplacedInstanceIsNotFound", replacedInstanceIsNotFound, anyCloud},
	{"GoneInstanceIsNotFound", goneInstanceIsNotFound, anyCloud},
	{"StrangersAreWrongCloud", strangersAreWrongCloud, anyCloud},
	{"TakenPrefixIsConflict", takenPrefixIsConflict, anyCloud},
	{"LostReplyIsSettled", lostReplyIsSettled, anyCloud},
	{"ThrottledThenSucceeds", throttledThenSucceeds, anyCloud},
	{"ServerErrorsAreOutlived", serverErrorsAreOutlived, anyCloud},
	{"SlowOperationTimesOutUnknown", slowOperationTimesOutUnknown, anyCloud},
	{"ManyWaitersShareOnePoll", manyWaitersShareOnePoll, anyCloud},
	{"WaitingOutlivesFailedPolls", waitingOutlivesFailedPolls, anyCloud},
	{"ListGrowsWithPagesNotInstances", listGrowsWithPagesNotInstances, anyCloud},
	{"ListAgreesWithGet", listAgreesWithGet, anyCloud},
	{"ListMayBeLeftEarly", listMayBeLeftEarly, anyCloud},
	{"DelegatedPrefixComesWithTheInterface", delegatedPrefixComesWithTheInterface, anyCloud},
	{"DelegatedPrefixesAreDisjoint", delegatedPrefixesAreDisjoint, anyCloud},
	{"WithoutDelegationTheReasonIsSaid", withoutDelegationTheReasonIsSaid, anyCloud},
	{"CreateRangeRepeats", createRangeRepeats, anyCloud},
	{"CreateRangeLosesRaceAndRetries", createRangeLosesRaceAndRetries, anyCloud},
	{"CreateRangeSettlesALostReply", createRangeSettlesALostReply, anyCloud},
	{"ConcurrentRangesAllCome", concurrentRangesAllCome, anyCloud},
	{"OverlappingRangeIsConflict", overlappingRangeIsConflict, anyCloud},
	{"TakenRangeNameIsConflict", takenRangeNameIsConflict, anyCloud},
	{"DeleteRangeRepeats", deleteRangeRepeats, anyCloud},
	{"UsedRangeIsConflict", usedRangeIsConflict, anyCloud},
	{"ForeignRangeUntouched", foreignRangeUntouched, anyCloud},
	{"SpaceShowsEveryRange", spaceShowsEveryRange, anyCloud},
	{"EnsureProxiesRepeats", ensureProxiesRepeats, proxySubnets},
	{"EnsureProxiesSettlesALostReply", ensureProxiesSettlesALostReply, proxySubnets},
	{"SecondActiveProxiesAreConflict", secondActiveProxiesAreConflict, proxySubnets},
	{"OverlappingProxiesAreConflict", overlappingProxiesAreConflict, proxySubnets},
	{"DeleteProxiesRepeats", deleteProxiesRepeats, proxySubnets},
	{"UsedProxiesAreConflict", usedProxiesAreConflict, proxySubnets},
	{"ForeignProxiesUntouched", foreignProxiesUntouched, proxySubnets},
	{"SpaceShowsTheActiveProxies", spaceShowsTheActiveProxies, proxySubnets},
	{"EnsureRuleRepeats", ensureRuleRepeats, firewallRules},
	{"EnsureRuleFollowsItsRanges", ensureRuleFollowsItsRanges, firewallRules},
	{"EnsureRuleRepairsDrift", ensureRuleRepairsDrift, firewallRules},
	{"EnsureRuleSettlesALostReply", ensureRuleSettlesALostReply, firewallRules},
	{"ForeignRuleUntouched", foreignRuleUntouched, firewallRules},
	{"DeleteRuleRepeats", deleteRuleRepeats, firewallRules},
	{"RulesAreReadInTheOrderTheyDecide", rulesAreReadInTheOrderTheyDecide, firewallRules},
	{"RuleCommandSaysAll", ruleCommandSaysAll, firewallRules},
	{"TraitsSayWhichPortsThereAre", traitsSayWhichPortsThereAre, anyCloud},
	{"RefusedCredentialsSaySo", refusedCredentialsSaySo, anyCloud},
}

// check is one property being checked.
type check struct {
	*testing.T
	Harness
	ctx context.Context
}
