package awssim

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

type assignIPv6Reply struct {
	RequestID string   `xml:"requestId"`
	Interface string   `xml:"networkInterfaceId"`
	Addresses []string `xml:"assignedIpv6Addresses>item"`
	Prefixes  []string `xml:"assignedIpv6PrefixSet>item"`
}

type unassignIPv6Reply struct {
	RequestID string   `xml:"requestId"`
	Interface string   `xml:"networkInterfaceId"`
	Addresses []string `xml:"unassignedIpv6Addresses>item"`
	Prefixes  []string `xml:"unassignedIpv6PrefixSet>item"`
}

// assignIPv6Addresses gives an interface prefixes or addresses, all of them or
// none. What EC2 answers about those in use is a guess.
func assignIPv6Addresses(s *Sim, c *call) (any, *APIError) {
	i, refusal := s.interfaceOf(c)
	if refusal != nil {
		return nil, refusal
	}
	prefixes, addresses, refusal := c.explicitIPv6()
	if refusal != nil {
		return nil, refusal
	}
	n, refusal := c.int("Ipv6PrefixCount")
	if refusal != nil {
		return nil, refusal
	}
	if c.params["Ipv6AddressCount"] != "" {
		return nil, refuse("UnsupportedOperation", "This simulator assigns IPv6 addresses by name only.")
	}
	if min(n, 1)+min(len(prefixes), 1)+min(len(addresses), 1) != 1 {
		return nil, refuse("InvalidParameterCombination", "Exactly one of IPv6 prefixes, prefix count, addresses and address count has to be specified")
	}
	for len(prefixes) < n {
		p, ok := s.freeIPv6(i, prefixes)
		if !ok {
			return nil, refuse("InsufficientCidrBlocks", "The specified subnet does not have enough free cidr blocks to satisfy the request.")
		}
		prefixes = append(prefixes, p)
	}
	reply := assignIPv6Reply{RequestID: requestID, Interface: i.ID, Addresses: texts(addresses), Prefixes: texts(prefixes)}
	return reply, s.assignIPv6(i, prefixes, addresses)
}

func (s *Sim) assignIPv6(i *networkInterface, prefixes []netip.Prefix, addresses []netip.Addr) *APIError {
	most, can := s.slots(i)
	if len(prefixes) > 0 && !can {
		return refuse("UnsupportedOperation", "The instance type does not support prefixes.") // code and text are guesses
	}
	if refusal := s.freeForIPv6(i, prefixes, addresses); refusal != nil {
		return refusal
	}
	next := *i
	next.IPv6Prefixes, next.IPv6Addresses = slices.Clone(i.IPv6Prefixes), slices.Clone(i.IPv6Addresses)
	for _, p := range prefixes {
		if !slices.Contains(next.IPv6Prefixes, ipv6Prefix{p.String()}) {
			next.IPv6Prefixes = append(next.IPv6Prefixes, ipv6Prefix{p.String()})
		}
	}
	for _, a := range addresses {
		next.IPv6Addresses = append(next.IPv6Addresses, ipv6Address{a.String()})
	}
	if len(next.IPv6Prefixes)+len(next.IPv6Addresses) > most {
		return refuse("PrivateIpAddressLimitExceeded", "Number of IPv6 addresses will exceed limit.") // a guess
	}
	s.putIPv6(&next)
	return nil
}

// freeForIPv6 wants what is to be assigned to be of the subnet and in nobody's
// use.
func (s *Sim) freeForIPv6(i *networkInterface, prefixes []netip.Prefix, addresses []netip.Addr) *APIError {
	var held []string
	for _, p := range prefixes {
		if s.config.AssignAgain && slices.Contains(i.IPv6Prefixes, ipv6Prefix{p.String()}) {
			continue
		}
		if !s.inIPv6(i.SubnetID, p.Addr()) {
			return invalidValue("Prefix %s does not fall within the subnet's address range", p)
		}
		if s.holderIPv6(p) != "" {
			held = append(held, p.String())
		}
	}
	for _, a := range addresses {
		if !s.inIPv6(i.SubnetID, a) {
			return invalidValue("Address %s does not fall within the subnet's address range", a)
		}
		if s.holderIPv6(netip.PrefixFrom(a, 128)) != "" {
			held = append(held, a.String())
		}
	}
	if len(held) > 0 {
		return invalidValue("[%s] assigned, but move is not allowed.", strings.Join(held, ", ")) // a guess, by what IPv4 answers
	}
	return nil
}

func unassignIPv6Addresses(s *Sim, c *call) (any, *APIError) {
	i, refusal := s.interfaceOf(c)
	if refusal != nil {
		return nil, refusal
	}
	prefixes, addresses, refusal := c.explicitIPv6()
	if refusal != nil {
		return nil, refusal
	}
	if len(prefixes)+len(addresses) == 0 {
		return nil, missing("ipv6Addresses or ipv6Prefixes")
	}
	next := *i
	for _, p := range prefixes {
		if !slices.Contains(next.IPv6Prefixes, ipv6Prefix{p.String()}) {
			return nil, notAssigned(i.ID)
		}
		next.IPv6Prefixes = without(next.IPv6Prefixes, ipv6Prefix{p.String()})
	}
	for _, a := range addresses {
		if !slices.Contains(next.IPv6Addresses, ipv6Address{a.String()}) {
			return nil, notAssigned(i.ID)
		}
		next.IPv6Addresses = without(next.IPv6Addresses, ipv6Address{a.String()})
	}
	s.forgetIPv6(i)
	s.putIPv6(&next)
	return unassignIPv6Reply{requestID, i.ID, texts(addresses), texts(prefixes)}, nil
}

func (c *call) explicitIPv6() (prefixes []netip.Prefix, addresses []netip.Addr, refusal *APIError) {
	for _, text := range c.list("Ipv6Prefix") {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Addr().Is4() || p.Bits() != ipv6Bits || p != p.Masked() || slices.Contains(prefixes, p) {
			return nil, nil, invalidValue("Value (%s) for parameter ipv6Prefix is invalid. It has to be a /80 in canonical form.", text) // the text is a guess
		}
		prefixes = append(prefixes, p)
	}
	for _, text := range c.list("Ipv6Addresses") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Is4() || slices.Contains(addresses, a) {
			return nil, nil, invalidValue("invalid value for parameter address: [%s]", text)
		}
		addresses = append(addresses, a)
	}
	return prefixes, addresses, nil
}

// Who holds what, by /80: a lone address keeps the whole of its own busy.

func (s *Sim) holderIPv6(p netip.Prefix) string { return s.ipv6[blockOf6(p.Addr())] }

func blockOf6(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, ipv6Bits).Masked() }

func (s *Sim) putIPv6(i *networkInterface) {
	for _, p := range i.IPv6Prefixes {
		s.ipv6[netip.MustParsePrefix(p.Prefix)] = i.ID
	}
	for _, a := range i.IPv6Addresses {
		s.ipv6[blockOf6(netip.MustParseAddr(a.IP))] = i.ID
	}
	s.interfaces.put(i)
}

func (s *Sim) forgetIPv6(i *networkInterface) {
	for _, p := range i.IPv6Prefixes {
		delete(s.ipv6, netip.MustParsePrefix(p.Prefix))
	}
	for _, a := range i.IPv6Addresses {
		delete(s.ipv6, blockOf6(netip.MustParseAddr(a.IP)))
	}
}

func (s *Sim) inIPv6(subnetID string, a netip.Addr) bool {
	return slices.ContainsFunc(s.subnets.items[subnetID].IPv6, func(b subnetIPv6) bool { return netip.MustParsePrefix(b.Block).Contains(a) })
}

// freeIPv6 is the first free /80 of the interface's subnet, but the first of
// all, in which EC2 keeps its own addresses.
func (s *Sim) freeIPv6(i *networkInterface, but []netip.Prefix) (netip.Prefix, bool) {
	for _, b := range s.subnets.items[i.SubnetID].IPv6 {
		all := netip.MustParsePrefix(b.Block)
		for n := range 1 << 16 {
			a := all.Addr().As16()
			binary.BigEndian.PutUint16(a[8:10], uint16(n))
			p := netip.PrefixFrom(netip.AddrFrom16(a), ipv6Bits)
			if n > 0 && s.ipv6[p] == "" && !slices.Contains(but, p) {
				return p, true
			}
		}
	}
	return netip.Prefix{}, false
}

func texts[T interface{ String() string }](list []T) (out []string) {
	for _, v := range list {
		out = append(out, v.String())
	}
	return out
}
