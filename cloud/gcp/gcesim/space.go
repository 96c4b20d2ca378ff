package gcesim

import (
	"net/netip"
	"slices"
)

// space is the address space of one network: what its subnetworks and blocks
// claim, and which addresses inside are in use.
type space struct {
	ranges  tree[*rangeHold]
	used    tree[*hold]
	proxies map[proxySlot]string // path of the active proxy-only subnetwork
	subnets int                  // primary and secondary ranges, for the quota
	aliases int                  // alias ranges, for the quota
	vms     int                  // interfaces, for the quota
}

// rangeHold is a range of a subnetwork, or a block that no subnetwork may use.
type rangeHold struct {
	prefix netip.Prefix
	// what conflicts, in the API's words: "subnetwork 'x' in region 'y'".
	what string
}

// hold is an address or alias range in use.
type hold struct {
	prefix  netip.Prefix
	by      string // path of the user, such as an instance
	alias   bool
	resting int // released but not yet free; counts the releases
}

func (s *Sim) spaceOf(networkPath string) *space {
	sp := s.space[networkPath]
	if sp == nil {
		sp = &space{}
		s.space[networkPath] = sp
	}
	return sp
}

// claim takes p for a user; false where any of it is in use. A user may take
// back at once what it has just released.
func (sp *space) claim(p netip.Prefix, by string, alias bool) bool {
	if other, taken := sp.used.overlap(p); taken {
		if other.resting == 0 || other.prefix != p || other.by != by {
			return false
		}
		other.resting = 0
		return true
	}
	sp.used.insert(p, &hold{prefix: p, by: by, alias: alias})
	if alias {
		sp.aliases++
	}
	return true
}

// free gives p back at once.
func (sp *space) free(p netip.Prefix) {
	if h, ok := sp.used.get(p); ok {
		sp.used.remove(p)
		if h.alias {
			sp.aliases--
		}
	}
}

// release gives p back after Config.ReleaseDelay.
func (s *Sim) release(sp *space, p netip.Prefix) {
	h, ok := sp.used.get(p)
	if !ok {
		return
	}
	s.rests++
	rest := s.rests
	h.resting = rest
	s.schedule(s.clock.Now().Add(s.config.ReleaseDelay), func() {
		if now, ok := sp.used.get(p); ok && now == h && h.resting == rest {
			sp.free(p)
		}
	})
}

// user returns who uses an address inside p, if anybody.
func (sp *space) user(p netip.Prefix) (by string, used bool) {
	sp.used.visit(p, func(h *hold) bool {
		by, used = h.by, h.by != reservedBy
		return !used
	})
	return by, used
}

// reservedBy marks the addresses that the platform keeps in every primary
// range: the first two and the last two (the subnets page).
const reservedBy = "reserved"

func platformAddresses(p netip.Prefix) []netip.Prefix {
	first, last := p.Addr(), lastAddr(p)
	var out []netip.Prefix
	for _, a := range []netip.Addr{first, first.Next(), last.Prev(), last} {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func (sp *space) reserve(primary netip.Prefix) {
	for _, p := range platformAddresses(primary) {
		sp.claim(p, reservedBy, false)
	}
}

func (sp *space) unreserve(primary netip.Prefix) {
	for _, p := range platformAddresses(primary) {
		if h, ok := sp.used.get(p); ok && h.by == reservedBy {
			sp.free(p)
		}
	}
}

func touchesPlatform(primary, p netip.Prefix) bool {
	return slices.ContainsFunc(platformAddresses(primary), p.Overlaps)
}
