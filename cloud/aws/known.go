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
	pairs map[string]netip.Prefix  // the first /64 of each subnet's IPv6 block
}

// setPairs remembers what pods' IPv6 comes out of, in each subnet.
func (k *knownRanges) setPairs(subnets map[string]*cloud.Subnet) {
	pairs := map[string]netip.Prefix{}
	for id, s := range subnets {
		for _, p := range s.IPv6 {
			if p.Bits() <= pairsBits && s.Primary.IsValid() {
				pairs[id] = netip.PrefixFrom(p.Addr(), pairsBits)
				break
			}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pairs = pairs
}

// pairsBits leaves 16 bits to number the /80s by, as cloud.Interface.IPv6For
// does.
const pairsBits = ipv6Bits - 16

// pairsOf gives what is known of a subnet; ok tells that subnets were read.
func (k *knownRanges) pairsOf(subnetID string) (p netip.Prefix, ok bool) {
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
