package gcesim

import (
	"encoding/binary"
	"net/netip"
)

// IPv6 as the subnets page and the page on IPv6 addresses of instances have
// it: a dual-stack subnetwork of a custom mode network owns a /64, internal
// (out of the network's /48 of fd20::/20) or external as its access type says,
// which never changes; an interface whose stack type is IPV4_IPV6 gets a /96 of
// it, in an external one only if it has an IPv6 access configuration.
const (
	ipv4Only  = "IPV4_ONLY"
	dualStack = "IPV4_IPV6"

	internalAccess = "INTERNAL"
	externalAccess = "EXTERNAL"

	directIPv6 = "DIRECT_IPV6"

	bitsOfULA       = 48
	bitsOfSubnet    = 64
	bitsOfInterface = 96
)

var (
	ulaSpace      = mustPrefix("fd20::/20")
	externalSpace = mustPrefix("2600:1900::/28")
)

// ipv6Cursors is where the next range of each kind is looked for. What was
// given back does not come again soon, as on the platform.
type ipv6Cursors struct {
	networks, externals uint64
	interfaces          map[netip.Prefix]uint64 // by the subnetwork's /64
}

// nthOf is the n-th block of that length, up to 64, in a parent.
func nthOf(parent netip.Prefix, bits int, n uint64) netip.Prefix {
	a := parent.Addr().As16()
	high := binary.BigEndian.Uint64(a[:8])
	if bits <= 64 {
		binary.BigEndian.PutUint64(a[:8], high+n<<(64-bits))
	} else {
		low := binary.BigEndian.Uint64(a[8:])
		binary.BigEndian.PutUint64(a[8:], low+n<<(128-bits))
	}
	return netip.PrefixFrom(netip.AddrFrom16(a), bits)
}

// newULA chooses the /48 of a network that asks for internal IPv6.
func (s *Sim) newULA(in network) (string, *APIError) {
	const field = "resource.internalIpv6Range"
	switch {
	case !in.EnableULAInternalIPv6 && in.InternalIPv6Range != "":
		return "", invalidField(field, in.InternalIPv6Range, "ULA internal IPv6 is not enabled.")
	case !in.EnableULAInternalIPv6:
		return "", nil
	case in.auto():
		return "", invalidField("resource.enableUlaInternalIpv6", "true", "ULA internal IPv6 is for custom mode networks.")
	case in.InternalIPv6Range == "":
		s.ipv6.networks++
		return nthOf(ulaSpace, bitsOfULA, s.ipv6.networks<<8).String(), nil
	}
	p, refusal := parseCIDR(field, in.InternalIPv6Range)
	if refusal != nil {
		return "", refusal
	}
	if p.Bits() != bitsOfULA || !ulaSpace.Contains(p.Addr()) {
		return "", invalidField(field, in.InternalIPv6Range, "Must be a /48 within %s.", ulaSpace)
	}
	taken := false
	s.networks.all(func(_ shelfKey, n *network) { taken = taken || n.InternalIPv6Range == p.String() })
	if taken {
		return "", invalidField(field, in.InternalIPv6Range, "The range is already in use.")
	}
	return p.String(), nil
}

// ipv6 is the /64 of a dual-stack subnetwork.
func (o *subnetwork) ipv6() (netip.Prefix, bool) {
	text := orDefault(o.InternalIPv6Prefix, o.ExternalIPv6Prefix)
	if text == "" {
		return netip.Prefix{}, false
	}
	return mustPrefix(text), true
}

// routed are the ranges to which the network has local routes.
func (o *subnetwork) routed() []netip.Prefix {
	all := o.allRanges()
	if p, ok := o.ipv6(); ok {
		all = append(all, p)
	}
	return all
}

// giveSubnetIPv6 checks the stack of a subnetwork and gives it its /64 where
// it is to have one.
func (s *Sim) giveSubnetIPv6(n *network, region string, sub *subnetwork) (undo func(), refusal *APIError) {
	sub.InternalIPv6Prefix, sub.ExternalIPv6Prefix, sub.IPv6CidrRange = "", "", ""
	sub.StackType = orDefault(sub.StackType, ipv4Only)
	access := sub.IPv6AccessType
	switch {
	case sub.StackType == ipv4Only && access == "":
		return func() {}, nil
	case sub.StackType == ipv4Only:
		return nil, invalidField("resource.ipv6AccessType", access, "The access type is for subnetworks with stackType=%s.", dualStack)
	case sub.StackType != dualStack:
		return nil, invalidField("resource.stackType", sub.StackType, "This simulator knows %s and %s.", ipv4Only, dualStack)
	case access != internalAccess && access != externalAccess:
		return nil, invalidField("resource.ipv6AccessType", access, "A subnetwork with stackType=%s needs an access type, %s or %s.", dualStack, internalAccess, externalAccess)
	case n.auto():
		return nil, invalidField("resource.stackType", sub.StackType, "Subnetworks of an auto mode network cannot have IPv6 ranges.")
	case access == internalAccess && !n.EnableULAInternalIPv6:
		return nil, invalidField("resource.ipv6AccessType", access, "The network has no ULA internal IPv6 range; enableUlaInternalIpv6 gives it one.")
	}
	sp := s.spaceOf(n.path())
	var p netip.Prefix
	if access == internalAccess {
		var ok bool
		if p, ok = sp.ranges.firstFree(mustPrefix(n.InternalIPv6Range), bitsOfSubnet); !ok {
			return nil, invalidField("resource.ipv6AccessType", access, "The network's range %s is used up.", n.InternalIPv6Range)
		}
		sub.InternalIPv6Prefix = p.String()
	} else {
		s.ipv6.externals++
		p = nthOf(externalSpace, bitsOfSubnet, s.ipv6.externals)
		sub.ExternalIPv6Prefix = p.String()
	}
	sp.ranges.insert(p, &rangeHold{prefix: p, what: subnetWords(sub.Name, region)})
	return func() { sp.ranges.remove(p) }, nil
}

// changeStack checks what a patch does to the stack of a subnetwork: an IPv4
// one may become dual stack, once, and its access type stays.
func (s *Sim) changeStack(region string, old, next *subnetwork) (undo func(), refusal *APIError) {
	if next.StackType == old.StackType && next.IPv6AccessType == old.IPv6AccessType {
		return func() {}, nil
	}
	if old.StackType == dualStack {
		return nil, invalid("Invalid value for field 'resource': ''. The stack type and the IPv6 access type of a dual-stack subnetwork cannot be modified.")
	}
	n, refusal := s.findNetwork(old.Network, "")
	if refusal != nil {
		return nil, refusal
	}
	return s.giveSubnetIPv6(n, region, next)
}
