package calc

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// sizing is how a cluster is spread over subnets that are all alike.
type sizing struct {
	node    int // length of a node's range
	perZone int // subnets in each zone
	nodes   int // machines of each subnet, when the cluster is at its largest
	// ranges are the nodes of each pods range of a subnet, powers of two, the
	// largest first; none with routes.
	ranges []int
	subnet int // length of a subnet
	block  int // length of the VPC's blocks
	blocks []netip.Prefix
}

// What a subnet holds besides pods: five addresses that EC2 keeps, and some for
// load balancers, of which an ALB wants eight free ones. Sources: VPC user
// guide, "Subnet sizing"; user guide for Application Load Balancers, "Subnets
// for your load balancer".
const (
	keptByEC2 = 5
	spare     = 16
)

// mostRequests is how many requests for pods there are at most. More of them
// come closer to the number of nodes, and are harder to see through.
const mostRequests = 3

// largest is the number of nodes of the whole cluster once it has grown.
func (a Ask) largest() int { return int(math.Ceil(float64(a.Nodes) * a.Growth)) }

// size spreads the nodes over as few subnets as the VPC's blocks allow.
func (a Ask) size(taken []netip.Prefix) (sizing, *NoFit) {
	node, no := a.node()
	if no != nil {
		return sizing{}, no
	}
	zones := len(a.EC2.Zones)
	for perZone := 1; perZone*zones <= maxSubnets; perZone++ {
		s, ok := a.inSubnets(node, perZone)
		if !ok {
			continue
		}
		count := s.spread(perZone * zones)
		found, err := a.blocks(taken, s.block, count)
		var why string
		switch {
		case count > a.EC2.Blocks:
			why = fmt.Sprintf("a VPC has %d at most; if its quota was raised, set --vpc-blocks", a.EC2.Blocks)
		case err != nil:
			why = err.Error()
		default:
			s.blocks = found
			return s, nil
		}
		if no == nil {
			no = &NoFit{What: "VPC", Text: fmt.Sprintf("%d subnets of /%d need %d blocks of /%d: %s", perZone*zones, s.subnet, count, s.block, why)}
		}
	}
	if no == nil {
		no = &NoFit{What: "pods", Text: fmt.Sprintf("%d nodes with a /%d each do not fit in %d subnets of /%d, the most that a Network may name", a.largest(), node, maxSubnets, largestBlock)}
	}
	return sizing{}, no
}

// inSubnets finds the smallest subnet that holds its share of the nodes.
func (a Ask) inSubnets(node, perZone int) (best sizing, ok bool) {
	subnets := perZone * len(a.EC2.Zones)
	s := sizing{node: node, perZone: perZone, nodes: (a.largest() + subnets - 1) / subnets}
	own := s.nodes + keptByEC2 + spare
	if a.EC2.Routes {
		s.subnet = lengthFor(own)
		return s, s.subnet >= largestBlock
	}
	for k := 1; k <= mostRequests; k++ {
		// One node's range more: where EC2 keeps an address of it, no node gets it.
		s.ranges = powers(s.nodes+1, k)
		sum := own
		for _, n := range s.ranges {
			sum += n << (32 - node)
		}
		s.subnet = lengthFor(sum)
		if s.subnet >= largestBlock && (!ok || s.subnet > best.subnet) {
			best, ok = s, true
		}
	}
	return best, ok
}

// lengthFor is that of the smallest block with so many addresses.
func lengthFor(addresses int) int { return min(smallestPrefix, 32-bits.Len(uint(addresses-1))) }

// powers are at most k different powers of two, the largest first, of the least
// sum that is n or more.
func powers(n, k int) (out []int) {
	for rest := n; rest > 0; k-- {
		p := 1 << (bits.Len(uint(rest)) - 1)
		if k == 1 && p < rest {
			p *= 2
		}
		out, rest = append(out, p), rest-p
	}
	for i := len(out) - 1; i > 0 && out[i] == out[i-1]; i-- {
		out = append(out[:i-1], 2*out[i])
	}
	return out
}

// spread says how many blocks hold the subnets: one of the size that it takes,
// or several of the largest size.
func (s *sizing) spread(subnets int) (count int) {
	s.block = s.subnet - bits.Len(uint(subnets-1))
	if s.block >= largestBlock {
		return 1
	}
	s.block = largestBlock
	each := 1 << (s.subnet - largestBlock)
	return (subnets + each - 1) / each
}

// Families that the blocks of a VPC must not mix, and what goes with each of
// them. Source: VPC user guide, "IPv4 CIDR block association restrictions".
var (
	families = []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.19.0.0/16"),
	}
	// noFurther is refused as a further block beside others of its family.
	noFurther = netip.MustParsePrefix("172.31.0.0/16")
)

// blocks finds the VPC's blocks, in the first of the supernets that holds them
// all, else in all of them: who names the VPC's space first means it for the VPC.
func (a Ask) blocks(taken []netip.Prefix, length, count int) (out []netip.Prefix, err error) {
	for _, s := range a.Supernets {
		if out, err = blocksIn([]netip.Prefix{s}, taken, length, count); err == nil {
			return out, nil
		}
	}
	return blocksIn(prefix.Normalise(a.Supernets), taken, length, count)
}

// blocksIn finds them in some space, the lowest first: that is the one to make
// the VPC with, and 10.0.0.0/16 is refused as any other.
func blocksIn(all, taken []netip.Prefix, length, count int) (out []netip.Prefix, err error) {
	if count > 1 {
		taken = append(slices.Clone(taken), noFurther)
	}
	for i := range families {
		others := slices.Delete(slices.Clone(families), i, i+1)
		found, failed := prefix.Carve(prefix.Subtract(all, others), taken, length, count)
		if failed == nil {
			slices.SortFunc(found, netip.Prefix.Compare)
			return found, nil
		}
		err = failed
	}
	return nil, err
}
