package gcesim

import (
	"fmt"
	"net/netip"
)

// ipv6 is the /96 of an interface.
func (o *networkInterface) ipv6() (netip.Prefix, bool) {
	first := o.IPv6Address
	if first == "" && len(o.IPv6AccessConfigs) > 0 {
		first = o.IPv6AccessConfigs[0].ExternalIPv6
	}
	a, err := netip.ParseAddr(first)
	return netip.PrefixFrom(a, bitsOfInterface), err == nil
}

// giveInterfaceIPv6 sets the stack of an interface as asked, and gives it its
// /96 where it is to have one. A /96 that is in use is a failure of the
// operation, as with IPv4.
func (s *Sim) giveInterfaceIPv6(field string, sp *space, sub *subnetwork, by string, nic *networkInterface, asked networkInterface) (undo func(), failure *OperationError, refusal *APIError) {
	nic.StackType = orDefault(asked.StackType, ipv4Only)
	wanted, refusal := checkInterfaceIPv6(field, sub, asked)
	if refusal != nil {
		return nil, nil, refusal
	}
	nothing := func() {}
	if nic.StackType == ipv4Only {
		return nothing, nil, nil
	}
	nic.IPv6AccessType = sub.IPv6AccessType
	external := sub.IPv6AccessType == externalAccess
	if external && len(asked.IPv6AccessConfigs) == 0 {
		return nothing, nil, nil // no access configuration, no external addresses
	}
	of, _ := sub.ipv6()
	p, failure := s.takeInterfaceRange(sp, of, wanted, by)
	if failure != nil {
		return nothing, failure, nil
	}
	if external {
		access := asked.IPv6AccessConfigs[0]
		access.Kind, access.Name = kindPrefix+"accessConfig", orDefault(access.Name, "external-ipv6")
		access.NetworkTier = orDefault(access.NetworkTier, "PREMIUM")
		access.ExternalIPv6, access.ExternalIPv6PrefixLength = p.Addr().String(), bitsOfInterface
		nic.IPv6AccessConfigs = []ipv6AccessConfig{access}
	} else {
		nic.IPv6Address, nic.InternalIPv6PrefixLength = p.Addr().String(), bitsOfInterface
	}
	return func() { sp.free(p) }, nil, nil
}

// checkInterfaceIPv6 returns the first address that is asked for, if one is.
func checkInterfaceIPv6(field string, sub *subnetwork, asked networkInterface) (wanted string, refusal *APIError) {
	switch stack := orDefault(asked.StackType, ipv4Only); {
	case stack == ipv4Only && (asked.IPv6Address != "" || len(asked.IPv6AccessConfigs) > 0):
		return "", invalidField(field+".stackType", stack, "IPv6 addresses are for interfaces with stackType=%s.", dualStack)
	case stack == ipv4Only:
		return "", nil
	case stack != dualStack:
		return "", invalidField(field+".stackType", stack, "This simulator knows %s and %s.", ipv4Only, dualStack)
	case sub.StackType != dualStack:
		return "", invalidField(field+".stackType", stack, "The subnetwork '%s' has no IPv6 range: its stackType is %s.", sub.path(), sub.StackType)
	}
	if wanted, refusal = askedIPv6(field, sub.IPv6AccessType, asked); wanted == "" || refusal != nil {
		return "", refusal
	}
	of, _ := sub.ipv6()
	a, err := netip.ParseAddr(wanted)
	if err != nil || !of.Contains(a) || netip.PrefixFrom(a, bitsOfInterface).Masked().Addr() != a {
		return "", invalidField(field+".ipv6Address", wanted, "Must be the first address of a /96 within %s.", of)
	}
	return wanted, nil
}

// askedIPv6 is the address that is asked for, in the way that the subnetwork's
// access type has.
func askedIPv6(field, access string, asked networkInterface) (string, *APIError) {
	configs := asked.IPv6AccessConfigs
	switch {
	case access == internalAccess && len(configs) > 0:
		return "", invalidField(field+".ipv6AccessConfigs", "", "External IPv6 access is not possible in a subnetwork with internal IPv6 addresses.")
	case access == internalAccess:
		return asked.IPv6Address, nil
	case asked.IPv6Address != "":
		return "", invalidField(field+".ipv6Address", asked.IPv6Address, "The subnetwork has external IPv6 addresses.")
	case len(configs) == 0:
		return "", nil
	case len(configs) > 1 || configs[0].Type != directIPv6:
		return "", invalidField(field+".ipv6AccessConfigs", fmt.Sprint(len(configs)), "At most one IPv6 access configuration is supported, of type %s.", directIPv6)
	}
	return configs[0].ExternalIPv6, nil
}

// takeInterfaceRange takes the /96 that is asked for, or the next one.
func (s *Sim) takeInterfaceRange(sp *space, of netip.Prefix, wanted, by string) (netip.Prefix, *OperationError) {
	if wanted != "" {
		p := netip.PrefixFrom(netip.MustParseAddr(wanted), bitsOfInterface)
		if !sp.claim(p, by, false) {
			return p, ipInUse(p.String())
		}
		return p, nil
	}
	for {
		n := s.ipv6.interfaces[of]
		s.ipv6.interfaces[of]++
		if p := nthOf(of, bitsOfInterface, n); sp.claim(p, by, false) {
			return p, nil
		}
	}
}
