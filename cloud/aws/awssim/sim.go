package awssim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Sim is one EC2, of one account in one region. It is safe for concurrent use.
type Sim struct {
	clock  Clock
	config Config
	calls  callLog
	faults faultBox

	// mu guards what follows. Nothing is called out to while it is held.
	mu           sync.Mutex
	lastID       uint64
	events       eventHeap
	eventCount   uint64
	buckets      map[string]*bucket
	spaces       map[string]*space // by subnet
	vpcs         *table[*vpc]
	subnets      *table[*subnet]
	reservations *table[*reservation]
	interfaces   *table[*networkInterface]
	instances    *table[*instance]
	routeTables  *table[*routeTable]
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
	return &Sim{
		clock: config.Clock, config: config,
		calls:        callLog{keep: config.CallLog, counts: map[string]int{}},
		faults:       faultBox{random: rand.New(rand.NewPCG(config.Seed, config.Seed))},
		buckets:      map[string]*bucket{},
		spaces:       map[string]*space{},
		vpcs:         newTable[*vpc](config.History),
		subnets:      newTable[*subnet](config.History),
		reservations: newTable[*reservation](config.History),
		interfaces:   newTable[*networkInterface](config.History),
		instances:    newTable[*instance](config.History),
		routeTables:  newTable[*routeTable](config.History),
		groups:       newTable[*securityGroup](config.History),
		elasticIPs:   newTable[*elasticIP](config.History),
		balancers:    newTable[*balancer](config.History),
		targetGroups: newTable[*targetGroup](config.History),
		listeners:    newTable[*listener](config.History),
		lingering:    map[string]int{},
		failing:      map[string]bool{},
	}
}

// id makes the next ID of a kind. IDs sort by age, which those of EC2 do not.
func (s *Sim) id(k idKind) string {
	s.lastID++
	return fmt.Sprintf("%s%017x", k.prefix, s.lastID)
}

// event is something that falls due.
type event struct {
	at    time.Time
	order uint64
	do    func()
}

type eventHeap []event

func (h eventHeap) Len() int      { return len(h) }
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h eventHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].order < h[j].order
	}
	return h[i].at.Before(h[j].at)
}
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return last
}

// later runs do after Config.Latency, or now where there is none.
func (s *Sim) later(do func()) { s.after(s.config.Latency, do) }

// linger runs do after Config.Linger, or now where there is none.
func (s *Sim) linger(do func()) { s.after(s.config.Linger, do) }

func (s *Sim) after(d time.Duration, do func()) {
	if d <= 0 {
		do()
		return
	}
	s.eventCount++
	heap.Push(&s.events, event{at: s.clock.Now().Add(d), order: s.eventCount, do: do})
}

// settle does what has fallen due, in order.
func (s *Sim) settle() {
	now := s.clock.Now()
	for len(s.events) > 0 && !s.events[0].at.After(now) {
		heap.Pop(&s.events).(event).do()
	}
}
