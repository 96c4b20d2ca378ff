package aws

import (
	"net/netip"
	"sync"

	"github.com/vpcnative/vpcnative/cloud"
)

// knownRanges remembers the reservations and IPv6 blocks of subnets as they
// were last read. EC2 does not say out of which reservation an interface has a
// prefix, nor what else its subnet has.
type knownRanges struct {
	mu    sync.Mutex
	in    map[string][]cloud.Range // by subnet
	pairs map[string]cloud.Pairing // of the subnets with an IPv6 block
}

// setPairs remembers what pods' IPv6 comes out of, in each subnet.
func (k *knownRanges) setPairs(subnets map[string]*cloud.Subnet) {
	pairs := map[string]cloud.Pairing{}
	for id, s := range subnets {
		for _, p := range s.IPv6 {
			if p.Bits() <= pairsBits && s.Primary.IsValid() {
				pairs[id] = pairing{netip.PrefixFrom(p.Addr(), pairsBits)}
				break
			}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pairs = pairs
}

// pairsBits leaves 16 bits to number the /80s by.
const pairsBits = ipv6Bits - 16

// pairing is the first /64 of a subnet's IPv6 block. With an IPv4 prefix goes the
// /80 of it that is numbered by the last 16 bits of the prefix's first address. A
// subnet's IPv4 block is a /16 at most, so prefixes that do not overlap have /80s
// that do not.
type pairing struct{ block netip.Prefix }

func (x pairing) String() string { return x.block.String() }

// IPv6For is the /80 that goes with the prefix.
func (x pairing) IPv6For(p netip.Prefix) netip.Prefix {
	six, four := x.block.Masked().Addr().As16(), p.Masked().Addr().As4()
	six[8], six[9] = four[2], four[3]
	return netip.PrefixFrom(netip.AddrFrom16(six), ipv6Bits)
}

// pairsOf returns what is known of a subnet; ok is true if subnets were read.
func (k *knownRanges) pairsOf(subnetID string) (p cloud.Pairing, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pairs[subnetID], k.pairs != nil
}

func (k *knownRanges) set(subnetID string, all []cloud.Range) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.in == nil {
		k.in = map[string][]cloud.Range{}
	}
	k.in[subnetID] = all
}

// rangeOf names the range that a prefix lies in, "" where none is known.
func (k *knownRanges) rangeOf(subnetID string, p netip.Prefix) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.in[subnetID] {
		if r.Prefix.Contains(p.Addr()) {
			return r.Name
		}
	}
	return ""
}
