package gcesim

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// Sim is one Compute Engine. It is safe for concurrent use.
type Sim struct {
	clock  simulate.Clock
	config Config
	simulate.Log[Call]
	simulate.Faults[Fault, Call]

	// mu guards what follows. Nothing is called out to while it is held.
	mu          sync.Mutex
	latencies   map[string]time.Duration
	quotas      map[string]int
	projects    map[string]uint64 // name to number
	lastID      uint64
	lastStamp   uint64
	agenda      simulate.Agenda
	rests       int               // of addresses given back, so far
	busy        map[string]string // path of a resource to the operation under way on it
	requests    map[string]string
	space       map[string]*space // by the network's path
	rate        map[rateKey]*rateCount
	networks    *table[*network]
	subnetworks *table[*subnetwork]
	instances   *table[*instance]
	routes      *table[*route]
	routers     *table[*cloudRouter]
	addresses   *table[*address]
	firewalls   *table[*firewall]
	lb          balancing
	operations  *table[*operation]
	machineIDs  map[string]*instance // by project, zone and numeric ID
	doneAt      map[string]time.Time // by operation name, while unfinished
	ipv6        ipv6Cursors
}

// New returns an empty Sim.
func New(config Config) *Sim {
	if config.Clock == nil {
		config.Clock = simulate.RealClock{}
	}
	if config.Regions == nil {
		config.Regions = DefaultRegions
	}
	if !config.Instant {
		config.Latency = orDefault(config.Latency, defaultLatency)
	}
	config.OperationTTL = orDefault(config.OperationTTL, defaultOperationTTL)
	config.WaitLimit = orDefault(config.WaitLimit, defaultWaitLimit)
	config.CallLog = orDefault(config.CallLog, defaultCallLog)
	config.History = orDefault(config.History, defaultHistory)
	s := &Sim{
		clock: config.Clock, config: config,
		latencies:   map[string]time.Duration{},
		ipv6:        ipv6Cursors{interfaces: map[netip.Prefix]uint64{}},
		quotas:      maps.Clone(DefaultQuotas),
		projects:    map[string]uint64{},
		lastID:      1_000_000_000_000_000_000,
		busy:        map[string]string{},
		requests:    map[string]string{},
		space:       map[string]*space{},
		rate:        map[rateKey]*rateCount{},
		networks:    newTable[*network](config.History),
		subnetworks: newTable[*subnetwork](config.History),
		instances:   newTable[*instance](config.History),
		routes:      newTable[*route](config.History),
		routers:     newTable[*cloudRouter](config.History),
		addresses:   newTable[*address](config.History),
		firewalls:   newTable[*firewall](config.History),
		lb:          newBalancing(config.History),
		operations:  newTable[*operation](0),
		doneAt:      map[string]time.Time{},
		machineIDs:  map[string]*instance{},
	}
	simulate.Bound(&s.Log, config.CallLog)
	simulate.Seed(&s.Faults, config.Seed)
	maps.Copy(s.latencies, config.Latencies)
	maps.Copy(s.quotas, config.Quotas)
	for _, name := range config.Projects {
		s.addProject(name)
	}
	return s
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// SetLatency sets how long operations of a method take from now on; method ""
// is the default of all.
func (s *Sim) SetLatency(method string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latencies[method] = d
}

// SetQuota changes one quota.
func (s *Sim) SetQuota(metric string, limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quotas[metric] = limit
}

func (s *Sim) latency(method string) time.Duration {
	if d, ok := s.latencies[method]; ok {
		return d
	}
	if d, ok := s.latencies[""]; ok {
		return d
	}
	return s.config.Latency
}

func (s *Sim) addProject(name string) {
	if _, ok := s.projects[name]; !ok {
		s.projects[name] = uint64(100_000_000_000 + len(s.projects))
	}
}

func (s *Sim) nextID() uint64 {
	s.lastID++
	return s.lastID
}

func (s *Sim) stamp() string { return s.clock.Now().Format(timeFormat) }

// schedule runs do at the time at, or now if that is not in the future.
func (s *Sim) schedule(at time.Time, do func()) { s.agenda.At(s.clock.Now(), at, do) }

// settle does what has fallen due, in order.
func (s *Sim) settle() { s.agenda.Settle(s.clock.Now()) }

// lock takes the lock for what somebody reads or does by hand, as of now:
// `defer s.lock()()`.
func (s *Sim) lock() (unlock func()) {
	s.mu.Lock()
	s.settle()
	return s.mu.Unlock
}
