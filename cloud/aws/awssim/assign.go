package awssim

import (
	"net/netip"
	"slices"
	"strings"
)

// assignment is what a call asks for: exactly one of the four.
type assignment struct {
	prefixes                  []netip.Prefix
	addresses                 []netip.Addr
	prefixCount, addressCount int
	reassign                  bool
}

type assignReply struct {
	RequestID string       `xml:"requestId"`
	Interface string       `xml:"networkInterfaceId"`
	Addresses []assigned   `xml:"assignedPrivateIpAddressesSet>item"`
	Prefixes  []ipv4Prefix `xml:"assignedIpv4PrefixSet>item"`
}

type assigned struct {
	IP string `xml:"privateIpAddress"`
}

// assignPrivateIPAddresses gives an interface more prefixes or addresses, all
// of them or none.
func assignPrivateIPAddresses(s *Sim, c *call) (any, *APIError) {
	i, refusal := s.interfaceOf(c)
	if refusal != nil {
		return nil, refusal
	}
	want, refusal := c.assignment()
	if refusal != nil {
		return nil, refusal
	}
	prefixes, addresses, refusal := s.assign(i, want)
	if refusal != nil {
		return nil, refusal
	}
	reply := assignReply{RequestID: requestID, Interface: i.ID}
	for _, p := range prefixes {
		reply.Prefixes = append(reply.Prefixes, ipv4Prefix{p.String()})
	}
	for _, a := range addresses {
		reply.Addresses = append(reply.Addresses, assigned{a.String()})
	}
	return reply, nil
}

func (s *Sim) interfaceOf(c *call) (*networkInterface, *APIError) {
	id := c.params["NetworkInterfaceId"]
	if id == "" {
		return nil, missing("networkInterfaceId")
	}
	i, ok := see(s, c, s.interfaces).get(id)
	if !ok {
		return nil, interfaceIDs.notFound(id)
	}
	return i, nil
}

func (c *call) assignment() (want assignment, refusal *APIError) {
	if want.prefixCount, refusal = c.int("Ipv4PrefixCount"); refusal != nil {
		return want, refusal
	}
	if want.addressCount, refusal = c.int("SecondaryPrivateIpAddressCount"); refusal != nil {
		return want, refusal
	}
	if want.prefixes, want.addresses, refusal = c.explicit(); refusal != nil {
		return want, refusal
	}
	want.reassign = c.params["AllowReassignment"] == "true"
	given := 0
	for _, n := range []int{want.prefixCount, want.addressCount, len(want.prefixes), len(want.addresses)} {
		given += min(n, 1)
	}
	if given == 0 {
		return want, missing("privateIpAddresses or secondaryPrivateIpAddressCount or ipv4Prefixes or ipv4PrefixCount")
	}
	if given > 1 {
		return want, refuse("InvalidParameterCombination", "Only one of prefixes, prefix count, addresses and address count may be specified")
	}
	return want, nil
}

// explicit reads the prefixes and the addresses that a call names.
func (c *call) explicit() (prefixes []netip.Prefix, addresses []netip.Addr, refusal *APIError) {
	for _, text := range c.list("Ipv4Prefix") {
		p, err := netip.ParsePrefix(text)
		if err != nil || !p.Addr().Is4() || p.Bits() != prefixBits || p != p.Masked() {
			return nil, nil, invalidValue("Value (%s) for parameter ipv4Prefix is invalid. It has to be a /28 in canonical form.", text) // the text is a guess
		}
		if slices.Contains(prefixes, p) {
			return nil, nil, invalidValue("Duplicate prefix %s", p)
		}
		prefixes = append(prefixes, p)
	}
	for _, text := range c.list("PrivateIpAddress") {
		a, err := netip.ParseAddr(text)
		if err != nil || !a.Is4() || slices.Contains(addresses, a) {
			return nil, nil, invalidValue("invalid value for parameter address: [%s]", text)
		}
		addresses = append(addresses, a)
	}
	return prefixes, addresses, nil
}

// assign checks all before it changes anything.
func (s *Sim) assign(i *networkInterface, want assignment) ([]netip.Prefix, []netip.Addr, *APIError) {
	if s.config.AssignAgain {
		want.prefixes = slices.DeleteFunc(slices.Clone(want.prefixes), func(p netip.Prefix) bool { return slices.Contains(i.Prefixes, ipv4Prefix{p.String()}) })
		want.addresses = slices.DeleteFunc(slices.Clone(want.addresses), func(a netip.Addr) bool { return slices.Contains(i.Addresses, address{IP: a.String()}) })
	}
	sp := s.spaces[i.SubnetID]
	most, can := s.slots(i)
	more := len(want.prefixes) + len(want.addresses) + want.prefixCount + want.addressCount
	if n := len(want.prefixes) + want.prefixCount; n > 0 && !can {
		return nil, nil, refuse("UnsupportedOperation", "The instance type does not support prefixes.") // code and text are guesses
	}
	if len(i.Addresses)+len(i.Prefixes)+more > most {
		return nil, nil, refuse("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
	}
	if refusal := s.takeable(sp, i, want); refusal != nil {
		return nil, nil, refusal
	}
	prefixes, addresses, refusal := s.drawn(sp, i.SubnetID, want)
	if refusal != nil {
		return nil, nil, refusal
	}
	next := *i
	next.Prefixes, next.Addresses = slices.Clone(i.Prefixes), slices.Clone(i.Addresses)
	for _, p := range prefixes {
		s.takeAway(sp, p, netip.Addr{})
		sp.prefixes[p] = i.ID
		next.Prefixes = append(next.Prefixes, ipv4Prefix{p.String()})
	}
	for _, a := range addresses {
		s.takeAway(sp, netip.Prefix{}, a)
		sp.addresses[a] = i.ID
		next.Addresses = append(next.Addresses, address{IP: a.String()})
	}
	s.interfaces.put(&next)
	return prefixes, addresses, nil
}

// takeable refuses explicit prefixes and addresses that lie outside the
// subnet or are held, by the interface itself too: EC2 documents what comes of
// that for others' addresses only, so no caller may count on less.
func (s *Sim) takeable(sp *space, i *networkInterface, want assignment) *APIError {
	var held []string
	for _, p := range want.prefixes {
		if !sp.all.Contains(p.Addr()) || p.Bits() < sp.all.Bits() {
			return invalidValue("Prefix %s does not fall within the subnet's address range", p)
		}
		by := sp.prefixes[p]
		if by != "" && (!want.reassign || by == i.ID) || by == "" && !sp.free(p) {
			held = append(held, p.String())
		}
	}
	for _, a := range want.addresses {
		if !sp.all.Contains(a) {
			return invalidValue("Address %s does not fall within the subnet's address range", a)
		}
		by := sp.holder(a)
		if by != "" && (!want.reassign || !s.isSecondary(by, a)) {
			held = append(held, a.String())
		}
	}
	if len(held) > 0 {
		return invalidValue("[%s] assigned, but move is not allowed.", strings.Join(held, ", "))
	}
	return nil
}

// isSecondary reports whether the interface holds the address as a secondary one.
func (s *Sim) isSecondary(id string, a netip.Addr) bool {
	i, ok := s.interfaces.items[id]
	return ok && slices.Contains(i.Addresses, address{IP: a.String()})
}

// drawn adds those that AWS chooses.
func (s *Sim) drawn(sp *space, subnet string, want assignment) ([]netip.Prefix, []netip.Addr, *APIError) {
	reserved := s.reservedIn(subnet)
	prefixes, addresses := want.prefixes, want.addresses
	undo := func() {
		for _, p := range prefixes[len(want.prefixes):] {
			delete(sp.prefixes, p)
		}
		for _, a := range addresses[len(want.addresses):] {
			delete(sp.addresses, a)
		}
	}
	for range want.prefixCount {
		p, ok := sp.firstPrefix(reserved)
		if !ok {
			undo()
			return nil, nil, refuse("InsufficientCidrBlocks", "The specified subnet does not have enough free cidr blocks to satisfy the request.")
		}
		sp.prefixes[p] = "drawn"
		prefixes = append(prefixes, p)
	}
	for range want.addressCount {
		a, ok := sp.firstAddress(reserved)
		if !ok {
			undo()
			return nil, nil, refuse("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
		}
		sp.addresses[a] = "drawn"
		addresses = append(addresses, a)
	}
	return prefixes, addresses, nil
}

// takeAway removes a prefix or an address from the interface that holds it.
func (s *Sim) takeAway(sp *space, p netip.Prefix, a netip.Addr) {
	by := sp.addresses[a]
	if p.IsValid() {
		by = sp.prefixes[p]
	}
	i, ok := s.interfaces.items[by]
	if !ok {
		return
	}
	next := *i
	next.Prefixes = without(i.Prefixes, ipv4Prefix{p.String()})
	next.Addresses = without(i.Addresses, address{IP: a.String()})
	s.interfaces.put(&next)
}

func without[T comparable](list []T, v T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return x == v })
}
