package awssim

import "net/netip"

// prefixBits is the length of every IPv4 prefix of an interface.
const prefixBits = 28

// space is who holds the addresses of a subnet.
type space struct {
	all       netip.Prefix
	addresses map[netip.Addr]string   // interface ID, or byAWS
	prefixes  map[netip.Prefix]string // interface ID
}

const byAWS = "AWS"

// newSpace keeps the first four addresses and the last one: VPC user guide,
// "Subnet sizing".
func newSpace(p netip.Prefix) *space {
	sp := &space{all: p, addresses: map[netip.Addr]string{}, prefixes: map[netip.Prefix]string{}}
	if !p.IsValid() { // it has IPv6 only
		return sp
	}
	a := p.Addr()
	for range 4 {
		sp.addresses[a] = byAWS
		a = a.Next()
	}
	sp.addresses[last(p)] = byAWS
	return sp
}

// holder is who holds the address, "" where it is free.
func (sp *space) holder(a netip.Addr) string {
	if by := sp.addresses[a]; by != "" {
		return by
	}
	return sp.prefixes[blockOf(a)]
}

func blockOf(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, prefixBits).Masked() }

// free reports whether no address of the /28 is held.
func (sp *space) free(p netip.Prefix) bool {
	if sp.prefixes[p] != "" {
		return false
	}
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		if sp.addresses[a] != "" {
			return false
		}
	}
	return true
}

// available is what DescribeSubnets counts: single addresses.
func (sp *space) available() int {
	if !sp.all.IsValid() {
		return 0
	}
	return 1<<(32-sp.all.Bits()) - len(sp.addresses) - len(sp.prefixes)<<(32-prefixBits)
}

// used reports whether anything but AWS holds an address.
func (sp *space) used() bool { return len(sp.addresses) > 5 || len(sp.prefixes) > 0 }

// firstAddress is the first free one that lies in no reservation: AWS gives
// out of a reservation neither addresses nor, where it is explicit, prefixes
// (VPC user guide, "Subnet CIDR reservations").
func (sp *space) firstAddress(reserved []*reservation) (netip.Addr, bool) {
	for a := sp.all.Addr(); sp.all.Contains(a); a = a.Next() {
		if r := covering(reserved, a); r != nil {
			a = last(r.prefix())
			continue
		}
		if sp.holder(a) == "" {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// firstPrefix is the first free /28: of the reservations of type prefix where
// there are any, else of what is not reserved.
func (sp *space) firstPrefix(reserved []*reservation) (netip.Prefix, bool) {
	kept := false
	for _, r := range reserved {
		if r.Type != typePrefix || r.prefix().Bits() > prefixBits {
			continue
		}
		kept = true
		if p, ok := sp.firstIn(r.prefix(), nil); ok {
			return p, true
		}
	}
	if kept {
		return netip.Prefix{}, false
	}
	return sp.firstIn(sp.all, reserved)
}

func (sp *space) firstIn(in netip.Prefix, but []*reservation) (netip.Prefix, bool) {
	for a := in.Addr(); in.Contains(a); {
		p := blockOf(a)
		if sp.free(p) && !overlapsAny(but, p) {
			return p, true
		}
		a = last(p).Next()
	}
	return netip.Prefix{}, false
}

func covering(list []*reservation, a netip.Addr) *reservation {
	for _, r := range list {
		if r.prefix().Contains(a) {
			return r
		}
	}
	return nil
}

func overlapsAny(list []*reservation, p netip.Prefix) bool {
	for _, r := range list {
		if r.prefix().Overlaps(p) {
			return true
		}
	}
	return false
}

// last is the last address of an IPv4 prefix.
func last(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	for n := p.Bits(); n < 32; n++ {
		a[n/8] |= 0x80 >> (n % 8)
	}
	return netip.AddrFrom4(a)
}

// drop frees all that an interface holds.
func (sp *space) drop(id string) {
	for a, by := range sp.addresses {
		if by == id {
			delete(sp.addresses, a)
		}
	}
	for p, by := range sp.prefixes {
		if by == id {
			delete(sp.prefixes, p)
		}
	}
}
