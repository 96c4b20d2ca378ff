package explain

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// inSubnet replaces the answer for a prefix that lies in a node subnet's own block
// from which ranges are carved.
func (w World) inSubnet(out *Explanation, b Block, p netip.Prefix) {
	if cloud.Kind(b.Kind) != cloud.SubnetPrimary {
		return
	}
	for _, vpc := range w.VPC {
		if !vpc.Snapshot.Traits.Inside {
			continue
		}
		for _, s := range vpc.Snapshot.Subnets {
			if s.Primary == b.p {
				explainIn(out, s, p, vpc.Snapshot.Traits)
			}
		}
	}
}

func explainIn(out *Explanation, s cloud.Subnet, p netip.Prefix, t cloud.Traits) {
	taken := append([]netip.Prefix{}, s.Used...)
	for _, r := range s.Ranges {
		taken = append(taken, r.Prefix)
	}
	free := prefix.Free([]netip.Prefix{s.Primary}, taken)
	where := fmt.Sprintf("node subnet %s (%s), from whose block ranges are carved", s.Name, s.Primary)
	switch in := prefix.Intersect(free, []netip.Prefix{p}); {
	case len(in) == 1 && in[0] == p:
		out.Answer, out.Text = Free, fmt.Sprintf("%s is free: it lies in %s", out.Subject, where)
		out.FreeBlocks = texts(prefix.Overlapping(free, p))
	case len(in) == 0:
		out.Answer, out.Text = InUse, fmt.Sprintf("%s is in use by a machine, another party or the cloud itself, in %s", out.Subject, where)
	default:
		out.Answer, out.Text = Mixed, fmt.Sprintf("%s is partly free: it lies in %s; free blocks there: %s", out.Subject, where, sizes(in, t.Smallest))
		out.FreeBlocks = texts(in)
	}
}

// sizes counts the free aligned blocks of each size: one address in use splits
// all the blocks that it lies in.
func sizes(free []netip.Prefix, smallest int) string {
	var out []string
	for length := range smallest + 1 {
		var n prefix.Count
		for _, p := range free {
			n = n.Add(plan.Nodes(p.Bits(), length))
		}
		if !n.IsZero() {
			out = append(out, fmt.Sprintf("%s x /%d", n, length))
		}
	}
	if len(out) == 0 {
		return fmt.Sprintf("none of /%d or larger", smallest)
	}
	return strings.Join(out, ", ")
}
