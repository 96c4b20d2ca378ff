package awssim

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// zones reads where a balancer is to be: subnets, or mappings of subnets.
func (s *Sim) zones(c *call, b *balancer) (vpcID string, out []balancerZone, refusal *APIError) {
	for _, id := range c.list("Subnets.member") {
		out = append(out, balancerZone{Subnet: id})
	}
	for n := 1; ; n++ {
		at := fmt.Sprintf("SubnetMappings.member.%d.", n)
		id, ok := c.params[at+"SubnetId"]
		if !ok {
			break
		}
		if n == 1 && len(out) > 0 {
			return "", nil, validation("You must specify either subnets or subnet mappings, not both")
		}
		out = append(out, balancerZone{Subnet: id, Allocation: c.params[at+"AllocationId"], GivenIP: c.params[at+"PrivateIPv4Address"]})
	}
	if len(out) == 0 {
		return "", nil, validation("At least one subnet must be specified")
	}
	for n := range out {
		if vpcID, refusal = s.zone(c, b, vpcID, out[:n], &out[n]); refusal != nil {
			return "", nil, refusal
		}
	}
	slices.SortFunc(out, func(x, y balancerZone) int { return cmp.Compare(x.Zone, y.Zone) })
	return vpcID, out, nil
}

// zone checks one subnet beside those before it.
func (s *Sim) zone(c *call, b *balancer, vpcID string, others []balancerZone, z *balancerZone) (string, *APIError) {
	sub, ok := see(s, c, s.subnets).get(z.Subnet)
	if !ok {
		return "", refuse("SubnetNotFound", "The subnet ID '%s' does not exist", z.Subnet)
	}
	z.Zone = sub.AvailabilityZone
	switch {
	case s.zoneNamed(z.Zone).Type != availabilityZone:
		return "", refuse("AvailabilityZoneNotSupported", "Network Load Balancers are not supported in '%s'", z.Zone) // the text is a guess
	case sub.OutpostARN != "":
		return "", misconfigured("Network Load Balancers are not supported on Outposts: subnet '%s'", sub.ID) // a guess
	case sub.IPv6Native:
		return "", misconfigured("You must specify subnets with an associated IPv4 CIDR block.") // a guess
	case b.public() && s.gateways[sub.VpcID] == "":
		return "", refuse("InvalidSubnet", "VPC %s has no internet gateway", sub.VpcID)
	case vpcID != "" && sub.VpcID != vpcID:
		return "", misconfigured("All subnets must be in the same VPC")
	case slices.ContainsFunc(others, func(o balancerZone) bool { return o.Zone == z.Zone }):
		return "", misconfigured("A load balancer cannot be attached to multiple subnets in the same Availability Zone")
	case b.dual() && !sub.six():
		return "", misconfigured("You must specify subnets with an associated IPv6 CIDR block.")
	}
	return sub.VpcID, s.zoneAddresses(c, b, others, z)
}

// zoneAddresses checks the addresses that are asked for in a subnet beside
// those before it.
func (s *Sim) zoneAddresses(c *call, b *balancer, others []balancerZone, z *balancerZone) *APIError {
	switch {
	case z.Allocation != "" && !b.public():
		return misconfigured("Allocation IDs can be specified for internet-facing load balancers only")
	case z.GivenIP != "" && b.public():
		return misconfigured("Private IPv4 addresses can be specified for internal load balancers only")
	case len(others) > 0 && (z.Allocation == "") != (others[0].Allocation == ""):
		return misconfigured("Allocation IDs must be specified for all subnets or for none") // a guess
	}
	if z.Allocation != "" {
		if _, ok := see(s, c, s.elasticIPs).get(z.Allocation); !ok {
			return refuse("AllocationIdNotFound", "The allocation ID '%s' is not found", z.Allocation)
		}
	}
	return nil
}

// leastSpace is how many addresses must be free in a subnet, unless the private
// address of an internal balancer is given.
// Source: Network Load Balancers user guide, "Update the Availability Zones".
const leastSpace = 8

// open puts the balancer's interface into a subnet.
func (s *Sim) open(b *balancer, z *balancerZone) *APIError {
	sub := s.subnets.items[z.Subnet]
	if z.GivenIP == "" && s.spaces[sub.ID].available() < leastSpace {
		return refuse("InvalidSubnet", "Not enough IP space available in %s. ELB requires at least %d free IP addresses in each subnet.", sub.ID, leastSpace)
	}
	var at netip.Addr
	if z.GivenIP != "" {
		var err error
		if at, err = netip.ParseAddr(z.GivenIP); err != nil || !sub.prefix().Contains(at) {
			return misconfigured("The private IP address '%s' is not in subnet '%s'", z.GivenIP, sub.ID)
		}
	}
	e := s.elasticIPs.items[z.Allocation]
	if e != nil && e.Association != "" {
		return refuse("ResourceInUse", "The allocation IDs are not available for use")
	}
	i, refusal := s.newInterface(sub, at)
	if refusal != nil {
		return refuse("InvalidSubnet", "%s", refusal.Message)
	}
	i.Description, i.InterfaceType, i.RequesterManaged, i.Status = "ELB "+b.path(), "network_load_balancer", true, "in-use"
	i.Groups = s.refs(b.Groups)
	i.Attachment = &attachment{ID: s.id(idKind{prefix: "ela-attach-"}), InstanceOwnerID: "amazon-aws", DeviceIndex: 1, Status: "attached"}
	s.interfaces.put(i)
	z.Interface, z.IP = i.ID, i.PrivateIP
	if e != nil {
		next := *e
		next.Association, next.Interface, next.Private = s.id(idKind{prefix: "eipassoc-"}), i.ID, i.PrivateIP
		s.elasticIPs.put(&next)
		z.PublicIP = e.IP
	}
	return nil
}

// close takes the interface away and frees the address.
func (s *Sim) close(z balancerZone) {
	if i, ok := s.interfaces.items[z.Interface]; ok {
		s.dropInterface(i)
	}
	if e := s.elasticIPs.items[z.Allocation]; e != nil && e.Interface == z.Interface {
		next := *e
		next.Association, next.Interface, next.Private = "", "", ""
		s.elasticIPs.put(&next)
	}
}

type setSubnetsReply struct {
	Zones  []shownZone `xml:"AvailabilityZones>member"`
	IPType string      `xml:"IpAddressType"`
}

// setSubnets replaces the subnets. One that stays keeps its address: it has
// to leave before it can come back with another.
func setSubnets(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.balancerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *b
	next.IPType = cmp.Or(c.params["IpAddressType"], b.IPType)
	next.SourceNAT = cmp.Or(c.params["EnablePrefixForIpv6SourceNat"], b.SourceNAT)
	vpcID, zones, refusal := s.zones(c, &next)
	if refusal != nil {
		return nil, refusal
	}
	if vpcID != b.VpcID {
		return nil, misconfigured("The subnets are not in the load balancer's VPC")
	}
	for n, z := range zones {
		at := slices.IndexFunc(b.Zones, func(o balancerZone) bool { return o.Subnet == z.Subnet })
		if at < 0 {
			if refusal := s.open(&next, &zones[n]); refusal != nil {
				return nil, refusal
			}
			continue
		}
		if have := b.Zones[at]; z.Allocation != have.Allocation || z.GivenIP != "" && z.GivenIP != have.GivenIP {
			return nil, misconfigured("The addresses of subnet '%s' cannot be changed", z.Subnet) // the text is a guess
		}
		zones[n] = b.Zones[at]
	}
	for _, z := range b.Zones {
		if !slices.ContainsFunc(zones, func(o balancerZone) bool { return o.Subnet == z.Subnet }) {
			s.linger(func() { s.close(z) })
		}
	}
	next.Zones = zones
	s.balancers.put(&next)
	return setSubnetsReply{s.shown(&next).Zones, next.IPType}, nil
}

type setGroupsReply struct {
	Groups []string `xml:"SecurityGroupIds>member"`
}

func setSecurityGroups(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.balancerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *b
	next.Groups = c.list("SecurityGroups.member")
	if len(b.Groups) == 0 {
		return nil, misconfigured("You cannot set security groups on a Network Load Balancer that was created without any")
	}
	if len(next.Groups) == 0 {
		return nil, lacking("SecurityGroups")
	}
	if refusal := s.joinable(c, &next); refusal != nil {
		return nil, refusal
	}
	for _, z := range b.Zones {
		if i, ok := s.interfaces.items[z.Interface]; ok {
			card := *i
			card.Groups = s.refs(next.Groups)
			s.interfaces.put(&card)
		}
	}
	s.balancers.put(&next)
	return setGroupsReply{next.Groups}, nil
}

type setTypeReply struct {
	IPType string `xml:"IpAddressType"`
}

func setIPAddressType(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.balancerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *b
	next.IPType = c.params["IpAddressType"]
	switch {
	case next.IPType != ipv4Only && next.IPType != dualStack:
		return nil, misconfigured("IP address type '%s' is not valid for network load balancers", next.IPType)
	case next.dual() && slices.ContainsFunc(b.Zones, func(z balancerZone) bool { return !s.subnets.items[z.Subnet].six() }):
		return nil, refuse("InvalidSubnet", "You must specify subnets with an associated IPv6 CIDR block.")
	case next.dual() && next.SourceNAT != "on" && slices.ContainsFunc(s.listeners.all(), func(l *listener) bool { return l.Balancer == b.ARN && l.udp() }):
		return nil, misconfigured("Load balancers with UDP listeners need an IPv6 prefix for source NAT to be dualstack")
	}
	s.balancers.put(&next)
	return setTypeReply{next.IPType}, nil
}
