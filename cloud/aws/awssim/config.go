package awssim

import (
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// Config says how a Sim behaves. The zero value is usable: real time, changes
// seen a little later, as EC2 is eventually consistent; the region eu-west-1, no
// authentication, no throttling.
type Config struct {
	// Region and Zones are where it is; by default eu-west-1 and its a, b, c.
	Region string
	Zones  []string
	// LocalZones and WavelengthZones are further zones, which the account has
	// opted in to; NotOptedIn are those of either that it has not.
	LocalZones, WavelengthZones, NotOptedIn []string
	// Account owns everything, by default 123456789012.
	Account string
	// Clock is the source of time; nil means the real one.
	Clock simulate.Clock
	// Seed makes probabilistic faults repeatable.
	Seed uint64
	// Latency is how long a CIDR association is "associating" and a subnet
	// "pending", a load balancer "provisioning" and a target "initial"; by
	// default 20 ms.
	Latency time.Duration
	// Linger is how long a load balancer that is gone keeps its interfaces in
	// their subnets and security groups, and a target group counts as in use
	// after the listener that sent to it; by default 50 ms.
	Linger time.Duration
	// Fresh is how long a new ID stays unknown to all calls; by default 20 ms.
	Fresh time.Duration
	// Stale is how far reads are behind; by default 10 ms.
	Stale time.Duration
	// Instant is for tests of single moments: of the lags above there are only
	// those that are set. A Clock that does not move by itself needs it.
	Instant bool
	lag     time.Duration // how far what is done by hand is set back
	// AccessKey and SecretKey, where set, are the only credentials that are
	// let in: requests must carry their signature.
	AccessKey, SecretKey string
	// Denied are actions that answer UnauthorizedOperation.
	Denied []string
	// Throttle turns the token buckets on, of the sizes in throttle.go.
	Throttle bool
	// AssignAgain answers with success when an interface is given prefixes or
	// addresses that it has. EC2 documents neither that nor the refusal, which
	// is the default.
	AssignAgain bool
	// CIDRsPerVPC is the quota of IPv4 CIDR blocks, by default 5.
	CIDRsPerVPC int
	// SubnetsPerVPC is the quota of subnets, by default 200.
	SubnetsPerVPC int
	// RoutesPerTable is the quota of routes of each family in a table, by
	// default 500.
	RoutesPerTable int
	// RulesPerGroup is the quota of inbound rules of a security group, of each
	// address family, by default 60; ElasticIPs that of addresses, by default 5.
	RulesPerGroup, ElasticIPs int
	// Balancers is the quota of load balancers, by default 50.
	Balancers int
	// Answers, where set, tells whether an instance answers the checks of a
	// target group, by ARN and ID; without it all do that Fail does not name. It
	// must not call the Sim.
	Answers func(group, instance string) bool
	// CallLog bounds the log of calls, by default 1,000,000; the oldest half
	// goes first. Counts stay exact.
	CallLog int
	// History is how many changes of each kind stale reads can look back, by
	// default 10,000.
	History int
}

// The lags by default: small, so that tests are quick, and never none.
const (
	defaultLatency = 20 * time.Millisecond
	defaultLinger  = 50 * time.Millisecond
	defaultFresh   = 20 * time.Millisecond
	defaultStale   = 10 * time.Millisecond
)

func (c Config) withDefaults() Config {
	c.Region = orDefault(c.Region, "eu-west-1")
	if c.Zones == nil {
		c.Zones = []string{c.Region + "a", c.Region + "b", c.Region + "c"}
	}
	c.Account = orDefault(c.Account, "123456789012")
	if c.Clock == nil {
		c.Clock = simulate.RealClock{}
	}
	if !c.Instant {
		c.Latency = orDefault(c.Latency, defaultLatency)
		c.Linger = orDefault(c.Linger, defaultLinger)
		c.Fresh = orDefault(c.Fresh, defaultFresh)
		c.Stale = orDefault(c.Stale, defaultStale)
		c.lag = max(defaultFresh, defaultStale)
	}
	c.CIDRsPerVPC = orDefault(c.CIDRsPerVPC, 5)
	c.SubnetsPerVPC = orDefault(c.SubnetsPerVPC, 200)
	c.RoutesPerTable = orDefault(c.RoutesPerTable, 500)
	c.RulesPerGroup = orDefault(c.RulesPerGroup, ruleLimit)
	c.ElasticIPs = orDefault(c.ElasticIPs, 5)
	c.Balancers = orDefault(c.Balancers, 50)
	c.CallLog = orDefault(c.CallLog, 1_000_000)
	c.History = orDefault(c.History, 10_000)
	return c
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
