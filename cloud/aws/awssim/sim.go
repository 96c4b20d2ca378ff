package awssim

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// Sim is one EC2, of one account in one region. It is safe for concurrent use.
type Sim struct {
	clock  simulate.Clock
	config Config
	simulate.Log[Call]
	simulate.Faults[Fault, Call]

	// mu guards what follows. Nothing is called out to while it is held.
	mu           sync.Mutex
	byHand       bool      // what is being done is done by a person, or a test
	due          time.Time // when it fell due, where it did before now
	lastID       uint64
	agenda       simulate.Agenda
	buckets      map[string]*bucket
	spaces       map[string]*space       // by subnet
	ipv6         map[netip.Prefix]string // holder of each /80
	launched     map[string][]string     // instances, by client token
	vpcs         *table[*vpc]
	subnets      *table[*subnet]
	reservations *table[*reservation]
	interfaces   *table[*networkInterface]
	instances    *table[*instance]
	routeTables  *table[*routeTable]
	gateways     internetGateways
	lists        *table[*prefixList]
	groups       *table[*securityGroup]
	elasticIPs   *table[*elasticIP]
	balancers    *table[*balancer]
	targetGroups *table[*targetGroup]
	listeners    *table[*listener]
	lingering    map[string]int  // by target group: listeners that are gone, but not everywhere
	failing      map[string]bool // instances that answer no health check
}

// New returns an empty Sim.
func New(config Config) *Sim {
	config = config.withDefaults()
	s := &Sim{
		clock: config.Clock, config: config,
		buckets:   map[string]*bucket{},
		spaces:    map[string]*space{},
		ipv6:      map[netip.Prefix]string{},
		launched:  map[string][]string{},
		lingering: map[string]int{},
		gateways:  internetGateways{},
		failing:   map[string]bool{},
	}
	s.vpcs, s.subnets, s.reservations = newTable[*vpc](s), newTable[*subnet](s), newTable[*reservation](s)
	s.interfaces, s.instances, s.routeTables = newTable[*networkInterface](s), newTable[*instance](s), newTable[*routeTable](s)
	s.groups, s.elasticIPs = newTable[*securityGroup](s), newTable[*elasticIP](s)
	s.lists = newTable[*prefixList](s)
	s.balancers, s.targetGroups, s.listeners = newTable[*balancer](s), newTable[*targetGroup](s), newTable[*listener](s)
	simulate.Bound(&s.Log, config.CallLog)
	simulate.Seed(&s.Faults, config.Seed)
	return s
}

// id makes the next ID of a kind. IDs sort by age, which those of EC2 do not.
func (s *Sim) id(k idKind) string {
	s.lastID++
	return fmt.Sprintf("%s%017x", k.prefix, s.lastID)
}

// later runs do after Config.Latency. What is made by hand is there at once.
func (s *Sim) later(do func()) {
	if s.byHand {
		do()
		return
	}
	s.after(s.config.Latency, do)
}

// linger runs do after Config.Linger.
func (s *Sim) linger(do func()) { s.after(s.config.Linger, do) }

// after runs do as of then, however much later somebody looks.
func (s *Sim) after(d time.Duration, do func()) {
	now := s.clock.Now()
	at := now.Add(d)
	s.agenda.At(now, at, func() {
		s.due = at
		defer func() { s.due = time.Time{} }()
		do()
	})
}

// when is the time of a change: now, or when it fell due. What is done by hand is
// set back, so that the lags that there are by default have passed.
func (s *Sim) when() time.Time {
	switch {
	case s.byHand:
		return s.clock.Now().Add(-s.config.lag)
	case !s.due.IsZero():
		return s.due
	}
	return s.clock.Now()
}

// Settle waits until all that was done so far shows to everybody.
func (s *Sim) Settle() { <-s.clock.After(max(s.config.Fresh, s.config.Stale)) }

// settle does what has fallen due, in order.
func (s *Sim) settle() { s.agenda.Settle(s.clock.Now()) }
