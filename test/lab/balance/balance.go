// Package balance is the data plane of the simulated clouds' network load
// balancers: which members a new connection may go to, what brings it there,
// and the probes that find out who answers.
//
// Compute Engine's passthrough load balancers change nothing in a packet: the
// connection gets a mark by a hash, and the mark a route. Its proxies end the
// client's connection and make one of their own. EC2's load balancers translate
// the destination, and the source too where clients' addresses are not preserved.
package balance

import (
	"net/netip"
	"slices"
	"time"
)

// Balancer is one listener: a forwarding rule, or a listener of a network load
// balancer.
type Balancer struct {
	Name string
	// Service is the backend service or target group; health is kept by it.
	Service string
	// Host is its name in DNS, where it has one.
	Host string
	// Translate is EC2's way.
	Translate bool
	// Proxy, where set, is Compute Engine's way with a target proxy.
	Proxy *Proxy
	// Preserve keeps the client's address where destinations are translated.
	Preserve bool
	Protocol string // tcp, udp, or empty for all
	Ports    []Ports
	// ByClient sends all connections of a client to one member.
	ByClient bool
	Fronts   []Front
	Members  []Member
	Check    Check
	// Drain is how long the connections of a member that left go on.
	Drain time.Duration
	// CutUnhealthy ends the connections of a member that fails its checks.
	CutUnhealthy bool
}

// Proxy is how a balancer that ends connections makes its own.
type Proxy struct {
	// From is the proxy-only subnet, which it connects from.
	From netip.Prefix
	// Header has it begin each connection with a line of the PROXY protocol,
	// version 1, that names the client.
	Header bool
}

// Passthrough reports whether packets arrive as they were sent.
func (b Balancer) Passthrough() bool { return !b.Translate && b.Proxy == nil }

// Ports is a range of ports, or of status codes; both ends are in it.
type Ports struct{ From, To uint16 }

// Front is an address that clients connect to.
type Front struct {
	Addr netip.Addr
	// Public is the address on the internet that stands for Addr, if any.
	Public netip.Addr
	// Zone, if set, is the only one that it sends to.
	Zone string
	// Clients are who may connect; nil is everybody.
	Clients []netip.Prefix
	// External tells that Addr itself is on the internet.
	External bool
}

// Member is a machine behind a balancer, or an endpoint on it.
type Member struct {
	Machine, Zone string
	Addr          netip.Addr
	Port          uint16 // 0 keeps the client's destination port
	// Draining members keep their connections and get no others.
	Draining bool
}

// Check is how health is found out.
type Check struct {
	HTTP               bool
	Header             bool   // of the PROXY protocol, before all else
	Port               uint16 // 0 is the member's own
	Path               string
	Codes              []Ports // of HTTP; none is 200 alone
	Interval, Timeout  time.Duration
	Healthy, Unhealthy int // thresholds
}

// Key is a member of a service: a machine by its name, an endpoint of a proxy
// by its address and port.
type Key struct{ Service, Member string }

// Key is what the health of a member is kept by.
func (b Balancer) Key(m Member) Key {
	if b.Proxy != nil {
		return Key{b.Service, m.Endpoint().String()}
	}
	return Key{b.Service, m.Machine}
}

// Endpoint is the member's address and port.
func (m Member) Endpoint() netip.AddrPort { return netip.AddrPortFrom(m.Addr, m.Port) }

// Health is what probes found; a member that is not in it was not yet found
// healthy.
type Health map[Key]bool

// Eligible are the members that a new connection to the front may go to. When
// none is healthy all are, as both clouds document it (fail open).
func (b Balancer) Eligible(f Front, h Health) []Member {
	var all, healthy []Member
	for _, m := range b.Members {
		if m.Draining || f.Zone != "" && m.Zone != f.Zone {
			continue
		}
		all = append(all, m)
		if h[b.Key(m)] {
			healthy = append(healthy, m)
		}
	}
	if len(healthy) == 0 {
		return all
	}
	return healthy
}

// Resolved are the fronts that its name in DNS leads to: those with a healthy
// member, or all where there is none.
func (b Balancer) Resolved(h Health) []Front {
	healthy := slices.DeleteFunc(slices.Clone(b.Fronts), func(f Front) bool {
		return !slices.ContainsFunc(b.Eligible(f, h), func(m Member) bool { return h[b.Key(m)] })
	})
	if len(healthy) == 0 {
		return b.Fronts
	}
	return healthy
}

// Sources are the documented ranges that Compute Engine probes from: members of
// an external passthrough load balancer, or those of any other.
// https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges
func Sources(external bool) []netip.Prefix {
	if external {
		return prefixes("35.191.0.0/16", "209.85.152.0/22", "209.85.204.0/22")
	}
	return prefixes("35.191.0.0/16", "130.211.0.0/22")
}

// AllSources are those of both kinds.
func AllSources() []netip.Prefix {
	all := append(Sources(true), Sources(false)...)
	slices.SortFunc(all, netip.Prefix.Compare)
	return slices.Compact(all)
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}
