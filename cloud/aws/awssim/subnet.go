package awssim

import (
	"net/netip"
	"slices"
)

type subnet struct {
	ID               string       `xml:"subnetId"`
	VpcID            string       `xml:"vpcId"`
	OwnerID          string       `xml:"ownerId"`
	State            string       `xml:"state"`
	CidrBlock        string       `xml:"cidrBlock,omitempty"` // none where it has IPv6 only
	AvailabilityZone string       `xml:"availabilityZone"`
	Available        int          `xml:"availableIpAddressCount"`
	IPv6             []subnetIPv6 `xml:"ipv6CidrBlockAssociationSet>item"`
	IPv6Native       bool         `xml:"ipv6Native"`
	OutpostARN       string       `xml:"outpostArn,omitempty"`
	Tags             tags         `xml:"tagSet>item"`
}

func (n *subnet) key() string  { return n.ID }
func (n *subnet) tagged() tags { return n.Tags }

// prefix is its IPv4 block, which is not valid where it has IPv6 only.
func (n *subnet) prefix() netip.Prefix {
	if n.IPv6Native {
		return netip.Prefix{}
	}
	return netip.MustParsePrefix(n.CidrBlock)
}

// six reports whether it has an IPv6 block.
func (n *subnet) six() bool {
	return slices.ContainsFunc(n.IPv6, func(a subnetIPv6) bool { return a.State.State == associated })
}

type describeSubnetsReply struct {
	RequestID string    `xml:"requestId"`
	Subnets   []*subnet `xml:"subnetSet>item"`
	NextToken string    `xml:"nextToken,omitempty"`
}

func describeSubnets(s *Sim, c *call) (any, *APIError) {
	page, next, refusal := find(c, see(s, c, s.subnets), subnetIDs, func(n *subnet, filter string) ([]string, bool) {
		switch filter {
		case "subnet-id":
			return []string{n.ID}, true
		case "vpc-id":
			return []string{n.VpcID}, true
		case "availability-zone":
			return []string{n.AvailabilityZone}, true
		case "cidr-block":
			return []string{n.CidrBlock}, true
		case "state":
			return []string{n.State}, true
		}
		return nil, false
	})
	reply := describeSubnetsReply{RequestID: requestID, NextToken: next}
	for _, n := range page {
		counted := *n
		if sp := s.spaces[n.ID]; sp != nil { // nil for one that a stale read still shows
			counted.Available = sp.available()
		}
		reply.Subnets = append(reply.Subnets, &counted)
	}
	return reply, refusal
}

type subnetReply struct {
	RequestID string  `xml:"requestId"`
	Subnet    *subnet `xml:"subnet"`
}

func createSubnet(s *Sim, c *call) (any, *APIError) {
	v, ok := see(s, c, s.vpcs).get(c.params["VpcId"])
	if !ok {
		return nil, vpcIDs.notFound(c.params["VpcId"])
	}
	t, refusal := c.newTags("subnet")
	if refusal != nil {
		return nil, refusal
	}
	want := subnet{AvailabilityZone: orDefault(c.params["AvailabilityZone"], s.config.Zones[0]), OutpostARN: c.params["OutpostArn"], Tags: t}
	if c.params["Ipv6Native"] == "true" {
		n, refusal := s.newIPv6Subnet(c, v, want)
		return subnetReply{requestID, n}, refusal
	}
	p, refusal := c.prefix("CidrBlock")
	if refusal != nil {
		return nil, refusal
	}
	n, refusal := s.newSubnet(v, p, want)
	if refusal == nil && c.params["Ipv6CidrBlock"] != "" {
		n, refusal = s.withIPv6(c, n)
	}
	return subnetReply{requestID, n}, refusal
}

// withIPv6 gives a fresh subnet the IPv6 block of the call; it is not made
// where it cannot have that.
func (s *Sim) withIPv6(c *call, n *subnet) (*subnet, *APIError) {
	p, err := netip.ParsePrefix(c.params["Ipv6CidrBlock"])
	refusal := invalidValue("Value (%s) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.", c.params["Ipv6CidrBlock"])
	if err == nil && p.Addr().Is6() {
		_, refusal = s.giveIPv6(n, p.Masked())
	}
	if refusal != nil {
		s.subnets.del(n.ID)
		delete(s.spaces, n.ID)
		return nil, refusal
	}
	return s.subnets.items[n.ID], nil
}

// newIPv6Subnet makes one that has IPv6 only.
func (s *Sim) newIPv6Subnet(c *call, v *vpc, want subnet) (*subnet, *APIError) {
	switch {
	case c.params["CidrBlock"] != "":
		return nil, refuse("InvalidParameterCombination", "You cannot specify an IPv4 CIDR block for an IPv6-only subnet")
	case c.params["Ipv6CidrBlock"] == "":
		return nil, missing("ipv6CidrBlock")
	}
	want.IPv6Native = true
	n, refusal := s.putSubnet(v, want)
	if refusal != nil {
		return nil, refusal
	}
	return s.withIPv6(c, n)
}

func (s *Sim) newSubnet(v *vpc, p netip.Prefix, want subnet) (*subnet, *APIError) {
	if p.Bits() < 16 || p.Bits() > 28 || !slices.ContainsFunc(v.Associations, func(a association) bool {
		return a.State.State == associated && a.prefix().Bits() <= p.Bits() && a.prefix().Contains(p.Addr())
	}) {
		return nil, refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", p)
	}
	for _, n := range s.subnets.all() {
		if n.VpcID == v.ID && n.prefix().Overlaps(p) {
			return nil, refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", p)
		}
	}
	want.CidrBlock = p.String()
	return s.putSubnet(v, want)
}

// putSubnet enters a subnet whose block has been checked.
func (s *Sim) putSubnet(v *vpc, want subnet) (*subnet, *APIError) {
	if usable := s.usable(); !slices.Contains(usable, want.AvailabilityZone) {
		return nil, invalidValue("Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %v.", want.AvailabilityZone, usable)
	}
	count := 0
	for _, n := range s.subnets.all() {
		if n.VpcID == v.ID {
			count++
		}
	}
	if count >= s.config.SubnetsPerVPC {
		return nil, refuse("SubnetLimitExceeded", "You have reached the limit on the number of subnets that you can create")
	}
	n := &want
	n.ID, n.VpcID, n.OwnerID, n.State = s.id(subnetIDs), v.ID, s.config.Account, "pending"
	s.spaces[n.ID] = newSpace(n.prefix())
	s.subnets.put(n)
	s.later(func() {
		if now, ok := s.subnets.items[n.ID]; ok {
			next := *now
			next.State = "available"
			s.subnets.put(&next)
		}
	})
	return n, nil
}

func deleteSubnet(s *Sim, c *call) (any, *APIError) {
	id := c.params["SubnetId"]
	if _, ok := see(s, c, s.subnets).get(id); !ok {
		return nil, subnetIDs.notFound(id)
	}
	if refusal := s.dropSubnet(id); refusal != nil {
		return nil, refusal
	}
	return returnReply{requestID, true}, nil
}

func (s *Sim) dropSubnet(id string) *APIError {
	if s.spaces[id].used() {
		return refuse("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", id)
	}
	for _, r := range s.reservedIn(id) {
		s.reservations.del(r.ID)
	}
	s.subnets.del(id)
	delete(s.spaces, id)
	return nil
}
