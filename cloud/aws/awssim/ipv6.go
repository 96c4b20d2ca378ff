package awssim

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// ipv6Bits is the length of every IPv6 prefix of an interface.
const ipv6Bits = 80

type vpcIPv6 struct {
	ID    string     `xml:"associationId"`
	Block string     `xml:"ipv6CidrBlock"`
	State blockState `xml:"ipv6CidrBlockState"`
}

type subnetIPv6 struct {
	ID    string     `xml:"associationId"`
	Block string     `xml:"ipv6CidrBlock"`
	State blockState `xml:"ipv6CidrBlockState"`
}

type ipv6Address struct {
	IP string `xml:"ipv6Address"`
}

type ipv6Prefix struct {
	Prefix string `xml:"ipv6Prefix"`
}

type vpcIPv6Reply struct {
	RequestID   string  `xml:"requestId"`
	VpcID       string  `xml:"vpcId"`
	Association vpcIPv6 `xml:"ipv6CidrBlockAssociation"`
}

// provideIPv6 gives the VPC a /56 of Amazon's.
func (s *Sim) provideIPv6(v *vpc) vpcIPv6 {
	s.lastID++
	block := nthOf(netip.MustParsePrefix("2600:1f00::/24"), 56, s.lastID)
	a := vpcIPv6{s.id(idKind{prefix: "vpc-cidr-assoc-"}), block.String(), blockState{State: associated}}
	next := *v
	next.IPv6 = append(slices.Clone(v.IPv6), a)
	s.vpcs.put(&next)
	return a
}

type subnetIPv6Reply struct {
	RequestID   string     `xml:"requestId"`
	SubnetID    string     `xml:"subnetId"`
	Association subnetIPv6 `xml:"ipv6CidrBlockAssociation"`
}

func associateSubnetCidrBlock(s *Sim, c *call) (any, *APIError) {
	id := c.params["SubnetId"]
	sub, ok := see(s, c, s.subnets).get(id)
	if !ok {
		return nil, subnetIDs.notFound(id)
	}
	p, err := netip.ParsePrefix(c.params["Ipv6CidrBlock"])
	if err != nil || p.Addr().Is4() {
		return nil, invalidValue("Value (%s) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.", c.params["Ipv6CidrBlock"])
	}
	a, refusal := s.giveIPv6(sub, p.Masked())
	return subnetIPv6Reply{requestID, id, a}, refusal
}

// giveIPv6 gives a subnet its IPv6 block: a /64 of the VPC's.
func (s *Sim) giveIPv6(sub *subnet, p netip.Prefix) (a subnetIPv6, refusal *APIError) {
	inside := slices.ContainsFunc(s.vpcs.items[sub.VpcID].IPv6, func(a vpcIPv6) bool { return netip.MustParsePrefix(a.Block).Contains(p.Addr()) })
	if !inside || p.Bits() != 64 {
		return a, refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", p)
	}
	for _, n := range s.subnets.all() {
		for _, o := range n.IPv6 {
			if netip.MustParsePrefix(o.Block).Overlaps(p) {
				return a, refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", p)
			}
		}
	}
	a = subnetIPv6{s.id(idKind{prefix: "subnet-cidr-assoc-"}), p.String(), blockState{State: associated}}
	next := *sub
	next.IPv6 = append(slices.Clone(sub.IPv6), a)
	s.subnets.put(&next)
	return a, nil
}

// AddIPv6 gives a subnet the next /64 of its VPC, which gets a /56 where it
// has none.
func (s *Sim) AddIPv6(subnetID string) (p netip.Prefix, err error) {
	s.locked(func() {
		sub, ok := s.subnets.items[subnetID]
		if !ok {
			err = subnetIDs.notFound(subnetID)
			return
		}
		v := s.vpcs.items[sub.VpcID]
		if len(v.IPv6) == 0 {
			s.provideIPv6(v)
			v = s.vpcs.items[sub.VpcID]
		}
		n := 0
		for _, o := range s.subnets.all() {
			if o.VpcID == v.ID {
				n += len(o.IPv6)
			}
		}
		p = nthOf(netip.MustParsePrefix(v.IPv6[0].Block), 64, uint64(n))
		_, refusal := s.giveIPv6(sub, p)
		err = asError(refusal)
	})
	return p, err
}

// nthOf is the n-th block of a length of up to 64 in an IPv6 prefix.
func nthOf(in netip.Prefix, bits int, n uint64) netip.Prefix {
	a := in.Addr().As16()
	binary.BigEndian.PutUint64(a[:8], binary.BigEndian.Uint64(a[:8])+n<<(64-bits))
	return netip.PrefixFrom(netip.AddrFrom16(a), bits).Masked()
}
