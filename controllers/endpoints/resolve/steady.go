package resolve

import (
	"net/netip"
	"time"
)

// Steady keeps endpoints that are not ready for a moment, so that a flapping
// probe makes no calls. It is of one group, and not for several goroutines.
type Steady struct{ ready map[netip.AddrPort]time.Time }

// Keep has those endpoints count as ready that were ready within the window, and
// reports when the first of them no longer is; again is zero where there is
// none. One that terminates, or is in no slice any more, leaves at once.
func (s *Steady) Keep(list []Endpoint, now time.Time, window time.Duration) (out []Endpoint, again time.Duration) {
	was := s.ready
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
