package balance

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Forever is a Drain of connections that only their ends end.
const Forever time.Duration = -1

// Cut says that the connections of a member through an address are to end.
type Cut struct {
	Balancer      string
	Front, Member netip.Addr
	Machine       string
	Translate     bool
	// Endpoint is the member where the balancer is a proxy.
	Endpoint netip.AddrPort
}

// Drainer knows which connections have to end and when: those of members that
// left, once they have drained, and of unhealthy ones where the balancer says so.
type Drainer struct {
	members map[drained]Balancer // that may have connections
	healthy map[drained]bool
	left    map[drained]time.Time
}

type drained struct {
	balancer string
	Member
}

// Follow is told what there is, at every step. It returns that with the members
// that drain, and the connections that have to end now.
func (d *Drainer) Follow(balancers []Balancer, h Health, now time.Time) (with []Balancer, cuts []Cut) {
	if d.members == nil {
		d.members, d.healthy, d.left = map[drained]Balancer{}, map[drained]bool{}, map[drained]time.Time{}
	}
	present := map[drained]bool{}
	for _, b := range balancers {
		for _, m := range b.Members {
			m.Draining = false // it stays the same member
			at := drained{b.Name, m}
			present[at], d.members[at] = true, b
			delete(d.left, at)
			healthy := h[b.Key(m)]
			if d.healthy[at] && !healthy && b.CutUnhealthy {
				cuts = append(cuts, b.cuts(m)...)
			}
			d.healthy[at] = healthy
		}
	}
	for at, b := range d.members {
		if !present[at] && d.leave(at, b, now) {
			cuts = append(cuts, b.cuts(at.Member)...)
		}
	}
	for _, b := range balancers {
		with = append(with, d.withDraining(b))
	}
	return with, cuts
}

// leave tells whether the connections of a member that left are to end.
func (d *Drainer) leave(at drained, b Balancer, now time.Time) (cut bool) {
	if _, known := d.left[at]; !known {
		d.left[at] = now
	}
	cut = b.Drain >= 0 && !now.Before(d.left[at].Add(b.Drain))
	if cut || b.Drain == Forever {
		delete(d.members, at)
		delete(d.healthy, at)
		delete(d.left, at)
	}
	return cut
}

func (d *Drainer) withDraining(b Balancer) Balancer {
	b.Members = slices.Clone(b.Members)
	for at := range d.left {
		if at.balancer == b.Name {
			m := at.Member
			m.Draining = true
			b.Members = append(b.Members, m)
		}
	}
	slices.SortStableFunc(b.Members, func(x, y Member) int {
		return cmp.Or(cmp.Compare(x.Machine, y.Machine), x.Endpoint().Compare(y.Endpoint()))
	})
	return b
}

func (b Balancer) cuts(m Member) (out []Cut) {
	cut := Cut{Balancer: b.Name, Member: m.Addr, Machine: m.Machine, Translate: b.Translate}
	if b.Proxy != nil {
		cut.Endpoint = m.Endpoint()
	}
	for _, f := range b.Fronts {
		for _, a := range []netip.Addr{f.Addr, f.Public} {
			if cut.Front = a; a.IsValid() {
				out = append(out, cut)
			}
		}
	}
	return out
}
