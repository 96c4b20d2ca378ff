package gcesim

import (
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// Config says how a Sim behaves. The zero value is usable: real time, operations
// that take a moment, the regions of DefaultRegions, no authentication, no rate
// limit.
type Config struct {
	// Projects exist from the start; Add functions create others as needed.
	Projects []string
	// Regions maps each region to its zones. Nil means DefaultRegions.
	Regions map[string][]string
	// Clock is the source of time; nil means the real one.
	Clock simulate.Clock
	// Seed makes probabilistic faults repeatable.
	Seed uint64
	// Latency is how long operations take, by default 10 ms. So long what they
	// change is not ready for others.
	Latency time.Duration
	// Instant is for tests of single moments: operations are DONE in the reply
	// unless Latency is set. A Clock that does not move by itself needs it.
	Instant bool
	// Latencies overrides Latency by method, such as "subnetworks.patch".
	Latencies map[string]time.Duration
	// OperationTTL is how long a finished operation can still be read, by
	// default an hour. Request ids are remembered as long.
	OperationTTL time.Duration
	// WaitLimit is when operations.wait gives up and answers with an
	// unfinished operation, by default the API's two minutes.
	WaitLimit time.Duration
	// ReleaseDelay keeps a released address or alias range unusable for
	// others. The alias range guide says moving one may take up to a minute.
	ReleaseDelay time.Duration
	// Token, where set, is the only bearer token that is let in.
	Token string
	// Quotas overrides DefaultQuotas by metric.
	Quotas map[string]int
	// ReadsPerMinute and WritesPerMinute limit each project's calls in a
	// window of 60 seconds; zero is no limit.
	ReadsPerMinute, WritesPerMinute int
	// Answers, where set, tells whether a member answers the checks of a
	// backend service: a VM by its name, an endpoint that has a port by its
	// address and port ("10.4.0.7:80"). Without it all do whose VM Fail does
	// not name. It must not call the Sim.
	Answers func(service, member string) bool
	// CallLog bounds the log of calls, by default 1,000,000; the oldest half
	// goes first. Counts stay exact.
	CallLog int
	// History is how many changes of each kind stale reads can look back,
	// by default 10,000.
	History int
}

// DefaultRegions are the regions and zones of a Sim that is not told others.
var DefaultRegions = map[string][]string{
	"us-central1":  {"us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f"},
	"us-east1":     {"us-east1-b", "us-east1-c", "us-east1-d"},
	"europe-west1": {"europe-west1-b", "europe-west1-c", "europe-west1-d"},
}

// The quota metrics that are enforced.
const (
	QuotaSubnetRanges    = "SUBNET_RANGES_PER_NETWORK"
	QuotaAliases         = "ALIASES_PER_NETWORK_GLOBAL"
	QuotaInstances       = "INSTANCES_PER_NETWORK_GLOBAL"
	QuotaStaticRoutes    = "STATIC_ROUTES_PER_NETWORK"
	QuotaSecondaryRanges = "SECONDARY_RANGES_PER_SUBNETWORK"
	QuotaFirewalls       = "FIREWALLS"
	QuotaHealthChecks    = "HEALTH_CHECKS"
	QuotaBackendServices = "BACKEND_SERVICES"
	QuotaForwardingRules = "FORWARDING_RULES"
	QuotaTargetProxies   = "TARGET_TCP_PROXIES"
	QuotaEndpointGroups  = "NETWORK_ENDPOINT_GROUPS"
	QuotaInstanceGroups  = "INSTANCE_GROUPS"
	QuotaStaticAddresses = "STATIC_ADDRESSES"
	maxFirewallRanges    = 5000 // source and destination ranges of a rule: firewall quotas page
	maxAliasRangesPerNIC = 150  // per interface, whatever the masks: VPC quotas page
	maxInterfacesPerVM   = 10
	smallestSubnetMask   = 29
	defaultLatency       = 10 * time.Millisecond
	defaultOperationTTL  = time.Hour
	defaultWaitLimit     = 2 * time.Minute
	defaultCallLog       = 1_000_000
	defaultHistory       = 10_000
	pendingBeforeRunning = 10 // an operation is PENDING for a tenth of its time
	rateWindow           = time.Minute
	timeFormat           = "2006-01-02T15:04:05.000-07:00"
	selfLinkBase         = "https://www.googleapis.com/compute/v1/"
	pathBase             = "/compute/v1/projects/"
	defaultMaxResults    = 500
	kindPrefix           = "compute#"
	defaultUser          = "simulator@example.com"
	autoModeSpace        = "10.128.0.0/9"
)

// DefaultQuotas are generous, as the platform's own; 170 secondary ranges per
// subnetwork is the platform's fixed limit (VPC quotas page).
var DefaultQuotas = map[string]int{
	QuotaSubnetRanges:    300,
	QuotaAliases:         100_000,
	QuotaInstances:       100_000,
	QuotaStaticRoutes:    600,
	QuotaSecondaryRanges: 170,
	QuotaFirewalls:       1000,
	QuotaHealthChecks:    5000,
	QuotaBackendServices: 5000,
	QuotaForwardingRules: 5000,
	QuotaTargetProxies:   5000,
	QuotaEndpointGroups:  5000,
	QuotaInstanceGroups:  5000,
	QuotaStaticAddresses: 5000,
}
