package node

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// readUsed keeps clear of single addresses where ranges lie among them, in
// their subnets' own blocks: machines' and other parties'. A piece that one of
// them lies in is nobody's to give. Whole prefixes are on interfaces, which
// tell whose they are; one on an interface of no instance is refused by the
// cloud when it is asked for.
func (r *reading) readUsed(s cloud.Snapshot) {
	seen := map[netip.Prefix]bool{}
	for _, subnet := range s.Subnets {
		for _, p := range subnet.Used {
			if p.Bits() <= s.Traits.Smallest {
				continue
			}
			piece := netip.PrefixFrom(p.Addr(), s.Traits.Smallest).Masked()
			if !seen[piece] && r.inRange(piece) {
				seen[piece] = true
				r.world.Attached = append(r.world.Attached, allocator.Allocation{Holder: allocator.Holder{Instance: allocator.Unknown}, Prefix: piece})
			}
		}
	}
}
