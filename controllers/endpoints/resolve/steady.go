package resolve

import (
	"net/netip"
	"slices"
	"time"
)

// Steady keeps endpoints that are not ready for a moment, so that a flapping
// probe makes no calls. It is of one group, and not for several goroutines.
type Steady struct {
	ready map[netip.AddrPort]time.Time
	// stays is since when no slice has the port.
	stays time.Time
}

// Keep has those endpoints count as ready that were ready within the window, and
// reports when the first of them no longer is; again is zero where there is
// none. One that terminates, or is in no slice any more, leaves at once.
func (s *Steady) Keep(list []Endpoint, now time.Time, window time.Duration) (out []Endpoint, again time.Duration) {
	was := s.ready
	s.stays = time.Time{}
	s.ready = make(map[netip.AddrPort]time.Time, len(list))
	for _, e := range list {
		last, had := was[e.AddrPort]
		left := window - now.Sub(last)
		switch {
		case e.Wanted():
			s.ready[e.AddrPort] = now
		case had && !e.Terminating && left > 0:
			s.ready[e.AddrPort], e.Ready = last, true
			if again == 0 || left < again {
				again = left
			}
		}
		out = append(out, e)
	}
	return out, again
}

// Stay has those endpoints count as ready that were, for at most so long, and
// reports for how long still. It is for slices that do not have the Service's
// port yet ([Lag]).
func (s *Steady) Stay(now time.Time, most time.Duration) (out []Endpoint, again time.Duration) {
	if s.stays.IsZero() {
		s.stays = now
	}
	left := most - now.Sub(s.stays)
	if left <= 0 {
		clear(s.ready)
		return nil, 0
	}
	for a := range s.ready {
		out = append(out, Endpoint{AddrPort: a, Ready: true, Serving: true})
	}
	slices.SortFunc(out, func(a, b Endpoint) int { return a.AddrPort.Compare(b.AddrPort) })
	return out, left
}
