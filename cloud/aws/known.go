package aws

import (
	"net/netip"
	"sync"

	"github.com/vpcnative/vpcnative/cloud"
)

// knownRanges remembers the reservations of subnets as they were last read.
// EC2 does not say out of which one an interface has a prefix.
type knownRanges struct {
	mu sync.Mutex
	in map[string][]cloud.Range // by subnet
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
