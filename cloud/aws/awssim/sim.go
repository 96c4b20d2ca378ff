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
		buckets:      map[string]*bucket{},
		spaces:       map[string]*space{},
		ipv6:         map[netip.Prefix]string{},
		launched:     map[string][]string{},
		gateways:     internetGateways{},
		vpcs:         newTable[*vpc](config.History),
		subnets:      newTable[*subnet](config.History),
		reservations: newTable[*reservation](config.History),
		interfaces:   newTable[*networkInterface](config.History),
		instances:    newTable[*instance](config.History),
		routeTables:  newTable[*routeTable](config.History),
		lists:        newTable[*prefixList](config.History),
		groups:       newTable[*securityGroup](config.History),
		elasticIPs:   newTable[*elasticIP](config.History),
		balancers:    newTable[*balancer](config.History),
		targetGroups: newTable[*targetGroup](config.History),
		listeners:    newTable[*listener](config.History),
		lingering:    map[string]int{},
		failing:      map[string]bool{},
	}
	simulate.Bound(&s.Log, config.CallLog)
	simulate.Seed(&s.Faults, config.Seed)
	return s
}

// id makes the next ID of a kind. IDs sort by age, which those of EC2 do not.
func (s *Sim) id(k idKind) string {
	s.lastID++
	return fmt.Sprintf("%s%017x", k.prefix, s.lastID)
}

// later runs do after Config.Latency, or now where there is none.
func (s *Sim) later(do func()) { s.after(s.config.Latency, do) }

// linger runs do after Config.Linger, or now where there is none.
func (s *Sim) linger(do func()) { s.after(max(s.config.Linger, 4*s.config.BalancingLag), do) }

// provisioning is how long a load balancer, or a target, is being made.
func (s *Sim) provisioning() time.Duration { return max(s.config.Latency, 2*s.config.BalancingLag) }

func (s *Sim) after(d time.Duration, do func()) {
	now := s.clock.Now()
	s.agenda.At(now, now.Add(d), do)
}

// settle does what has fallen due, in order.
func (s *Sim) settle() { s.agenda.Settle(s.clock.Now()) }
