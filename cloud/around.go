package cloud

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
)

// Within is the snapshot for whoever carves the supernets. What others announce
// to the VPC is often a summary of all that they have, and wider than a supernet:
// it says where the rest goes. What is carved is more specific and goes before
// it, so such a route takes nothing of the supernets, and is told apart. One that
// lies in a supernet, or is as large, is of somebody's addresses.
func Within(s Snapshot, supernets []netip.Prefix) Snapshot {
	all := s.Occupied
	s.Occupied, s.Around = nil, slices.Clone(s.Around)
	for _, o := range all {
		if o.Kind != DynamicRoute {
			s.Occupied = append(s.Occupied, o)
			continue
		}
		switch touched, around := leadsAround(o.Prefix, supernets); {
		case around && touched:
			s.Around = append(s.Around, o)
		case !around:
			s.Occupied = append(s.Occupied, o)
		}
	}
	return s
}

// leadsAround reports whether a route is wider than every supernet that it touches,
// or is to a private block as a whole.
func leadsAround(p netip.Prefix, supernets []netip.Prefix) (touched, around bool) {
	around = true
	for _, s := range supernets {
		if p.Overlaps(s) {
			touched, around = true, around && p.Bits() < s.Bits()
		}
	}
	return touched, touched && around || IsPrivateBlock(p)
}

// IsPrivateBlock reports whether it is a private block as a whole. A route to one says "the
// rest of the company is over there", as a default route does of everything.
func IsPrivateBlock(p netip.Prefix) bool { return slices.Contains(privateBlocks, p) }

var privateBlocks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"),
}

// Unseen is a part of the VPC that could not be read, without which everything
// else goes on.
type Unseen struct {
	// What it is, in words: "the routes that Cloud Routers learn".
	What string
	// Err is what was tried, what came back, and what to do.
	Err *Error
}

// LastSeen keeps, by its name, what was last read of each thing that may come to be
// hidden, so that what is known to be in use does not count as free then. The zero
// value is ready.
type LastSeen[T any] struct {
	mu sync.Mutex
	by map[string]T
}

// Set replaces what is known of all.
func (l *LastSeen[T]) Set(all map[string]T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by = all
}

// All is what is known; it must not be changed.
func (l *LastSeen[T]) All() map[string]T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.by
}

// CannotSee makes an Unseen of an error that trying again does not mend: a right
// that is missing, a thing that others keep to themselves, an API without such a
// call. Ok is false of every other error, which says nothing of what there is.
func CannotSee(what string, err error) (_ Unseen, ok bool) {
	e, ok := errors.AsType[*Error](err)
	return Unseen{what, e}, ok && (e.Reason == PermissionDenied || e.Reason == NotFound || e.Reason == Invalid)
}
