package survey

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// maxBlocks bounds the free blocks that are listed of a subnet.
const maxBlocks = 64

// inBlocks is what is taken where ranges lie inside node subnets' own blocks:
// not those blocks, nor routes around them, but all that is in use in them.
func inBlocks(occupied []netip.Prefix, s cloud.Snapshot) []netip.Prefix {
	var around []netip.Prefix
	for _, o := range s.Occupied {
		if slices.ContainsFunc(s.Subnets, o.Encloses) {
			around = append(around, o.Prefix)
		}
	}
	var out []netip.Prefix
	for _, p := range occupied {
		if !slices.Contains(around, p) {
			out = append(out, p)
		}
	}
	for _, sub := range s.Subnets {
		out = append(out, sub.Used...)
	}
	return out
}

// subnetSpaces says of each node subnet what is left in its block, and in
// blocks of which sizes.
func subnetSpaces(s cloud.Snapshot, supernets, taken []netip.Prefix) (out []v1alpha1.SubnetSpace) {
	for _, sub := range s.Subnets {
		if !sub.Primary.IsValid() {
			continue
		}
		block := prefix.Intersect(prefix.Normalise(supernets), []netip.Prefix{sub.Primary})
		free := prefix.Free(block, taken)
		slices.SortStableFunc(free, func(a, b netip.Prefix) int {
			return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), prefix.Compare(a, b))
		})
		space := v1alpha1.SubnetSpace{
			Name: sub.Name, Zone: sub.Zone, Made: sub.Made, CIDR: sub.Primary.String(), Ranges: int32(len(sub.Ranges)),
			InUse: prefix.Total(prefix.Subtract(prefix.Normalise(sub.Used), prefix.Normalise(rangesOf(sub)))).String(),
			Free:  prefix.Total(free).String(), Fits: fits(free, s.Traits.Smallest),
		}
		for _, p := range free[:min(len(free), maxBlocks)] {
			space.FreeBlocks = append(space.FreeBlocks, p.String())
		}
		out = append(out, space)
	}
	return out
}

func rangesOf(s cloud.Subnet) (out []netip.Prefix) {
	for _, r := range s.Ranges {
		out = append(out, r.Prefix)
	}
	return out
}

// fits counts the aligned blocks of each size from the largest free one to the
// smallest node CIDR that there is.
func fits(free []netip.Prefix, smallest int) (out []v1alpha1.SubnetFit) {
	if len(free) == 0 {
		return nil
	}
	for length := free[0].Bits(); length <= smallest; length++ {
		var blocks prefix.Count
		for _, p := range free {
			blocks = blocks.Add(plan.Nodes(p.Bits(), length))
		}
		out = append(out, v1alpha1.SubnetFit{PrefixLength: int32(length), Blocks: int64(blocks.Uint64())})
	}
	return out
}
