package fabric

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// Priorities of policy rules: the marks of balancers go before the main table
// (32766), the cloud's route tables after it.
const (
	marksFirst  = 100
	tablesAfter = 40000
	firstTable  = 10000
	proxiesOut  = 9999
	firstVia    = 1 << 16
	last        = "metric 4000" // the VPC's own space, where nothing longer is
)

// Render is the plan for a VPC in which these NICs are plugged in.
func Render(v VPC, nics []NIC, h balance.Health) Plan {
	r := renderer{VPC: v, health: h, nics: map[string]NIC{}, plan: Plan{Ways: map[string]string{}, Guests: map[string]map[string]string{}}}
	for _, n := range nics {
		r.nics[n.Instance] = n
		r.devices = append(r.devices, n.Device)
	}
	slices.Sort(r.devices)
	for _, m := range v.Machines {
		if _, ok := r.nics[m.Name]; ok {
			r.plugged = append(r.plugged, m)
		}
	}
	r.ways()
	r.balancerWays()
	r.plan.Rules = r.ruleset()
	return r.plan
}

type renderer struct {
	VPC
	plan    Plan
	health  balance.Health
	nics    map[string]NIC // by instance
	devices []string
	plugged []Machine
}

func (r *renderer) mark(machine string) (int, bool) {
	n, ok := r.nics[machine]
	_, runs := r.machine(machine)
	return n.mark(), ok && runs
}

// ways are the routes of the VPC: each machine's addresses, the space around
// them, and the cloud's route tables.
func (r *renderer) ways() {
	for _, p := range r.Space {
		r.plan.Ways[fmt.Sprintf("route blackhole %s table main %s", p, last)] = ""
	}
	tables := map[string]int{}
	for i, t := range r.Tables {
		tables[t.Name] = firstTable + i
		for _, route := range t.Routes {
			r.tableWay(firstTable+i, route)
		}
	}
	for _, m := range r.plugged {
		n := r.nics[m.Name]
		for _, p := range r.Space {
			if n.netns == "" { // it has no default route that leads here
				r.guest(m.Name)[fmt.Sprintf("route %s dev %s", p, n.guest)] = fmt.Sprintf("via %s src %s", m.Gateway, m.Primary)
			}
		}
		r.plan.Ways[fmt.Sprintf("route local %s dev lo table local", m.Gateway)] = ""
		r.plan.Ways[fmt.Sprintf("route %s table main", m.Primary)] = "dev " + n.Device
		for _, p := range m.Prefixes {
			r.plan.Ways[fmt.Sprintf("route %s table main", p)] = r.to(m)
		}
		r.plan.Ways[fmt.Sprintf("route default table %d", n.mark())] = r.to(m)
		r.plan.Ways[fmt.Sprintf("rule fwmark %d lookup %d pref %d", n.mark(), n.mark(), marksFirst)] = ""
		if id, ok := tables[m.Table]; ok {
			r.plan.Ways[fmt.Sprintf("rule iif %s lookup %d pref %d", n.Device, id, tablesAfter)] = ""
		}
	}
}

func (r *renderer) to(m Machine) string {
	return fmt.Sprintf("via %s dev %s onlink", m.Primary, r.nics[m.Name].Device)
}

// tableWay: a machine that must not forward gets nothing by a route, as EC2's
// source/destination check and canIpForward have it.
func (r *renderer) tableWay(id int, route Route) {
	key := fmt.Sprintf("route %s table %d", route.To, id)
	m, runs := r.machine(route.Machine)
	_, plugged := r.nics[route.Machine]
	switch {
	case route.Internet:
		r.plan.Ways[key] = fmt.Sprintf("via %s dev %s", internetSide, wan)
	case runs && plugged && m.Forwards:
		r.plan.Ways[key] = r.to(m)
	default:
		r.plan.Ways[fmt.Sprintf("route blackhole %s table %d", route.To, id)] = ""
	}
}

// balancerWays are the routes that balancers' addresses need: a passthrough
// one is local to its members and leads nowhere without a mark; one that
// translates or is a proxy, and the sources of probes and of proxies, are the
// fabric's own.
func (r *renderer) balancerWays() {
	for _, p := range balance.AllSources() {
		r.plan.Ways[fmt.Sprintf("route local %s dev lo table local", p)] = ""
	}
	for _, b := range r.Balancers {
		for _, f := range b.Fronts {
			if b.Passthrough() {
				r.passthroughWays(b, f)
				continue
			}
			r.ownAddress(f.Addr)
			r.ownAddress(f.Public)
		}
		if b.Proxy != nil {
			r.proxyWays(b)
		}
	}
}

func (r *renderer) passthroughWays(b balance.Balancer, f balance.Front) {
	r.plan.Ways[fmt.Sprintf("route blackhole %s table main %s", f.Addr, last)] = ""
	for _, m := range b.Members {
		if n, ok := r.nics[m.Machine]; ok {
			r.guest(m.Machine)[fmt.Sprintf("route local %s dev %s table local", f.Addr, n.guest)] = ""
		}
	}
}

func (r *renderer) ownAddress(a netip.Addr) {
	if a.IsValid() {
		r.plan.Ways[fmt.Sprintf("route local %s dev lo table local", a)] = ""
	}
}

// proxyWays are the routes of a proxy's own connections, and those of its
// answers to the internet: all else that the fabric sends itself stays inside.
func (r *renderer) proxyWays(b balance.Balancer) {
	r.plan.Ways[fmt.Sprintf("route local %s dev lo table local", b.Proxy.From)] = ""
	if slices.ContainsFunc(b.Fronts, func(f balance.Front) bool { return f.External }) {
		r.plan.Ways[fmt.Sprintf("route default table %d", proxiesOut)] = fmt.Sprintf("via %s dev %s", internetSide, wan)
		r.plan.Ways[fmt.Sprintf("rule iif lo lookup %d pref %d", proxiesOut, tablesAfter)] = ""
	}
}

func (r *renderer) guest(machine string) map[string]string {
	if r.plan.Guests[machine] == nil {
		r.plan.Guests[machine] = map[string]string{}
	}
	return r.plan.Guests[machine]
}
