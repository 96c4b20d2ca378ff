package awssim

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// Targets of type ip: an address of a subnet of the group's VPC, or one of
// elsewhere that the VPC reaches. Source: the reference of RegisterTargets and
// TargetDescription, and the page "Target groups for your Network Load
// Balancers".

const everyZone = "all"

// reachable are the ranges of addresses outside the VPC.
var reachable = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

func (s *Sim) acceptableIP(c *call, g *targetGroup, t target) (zone string, refusal *APIError) {
	a, err := netip.ParseAddr(t.ID)
	if err != nil || a.String() != t.ID || a.Is4() != (g.IPType == "ipv4") {
		return "", validation("The IP address '%s' is not a valid %s address", t.ID, g.IPType)
	}
	if n := s.subnetWith(c, g.VpcID, a); n != nil {
		if t.Zone != "" && t.Zone != everyZone && t.Zone != n.AvailabilityZone {
			return "", validation("The Availability Zone '%s' does not match that of the IP address '%s'", t.Zone, t.ID)
		}
		return n.AvailabilityZone, nil
	}
	switch {
	case !slices.ContainsFunc(reachable, func(p netip.Prefix) bool { return p.Contains(a) }):
		return "", refuse("InvalidTarget", "The IP address '%s' is not within the subnets of the VPC '%s', nor in a private range", t.ID, g.VpcID)
	case t.Zone != everyZone:
		return "", validation("You must specify an Availability Zone of '%s' for the IP address '%s', which is outside the VPC", everyZone, t.ID)
	}
	return everyZone, nil
}

// subnetWith is the VPC's subnet that has the address; nil where none has.
func (s *Sim) subnetWith(c *call, vpc string, a netip.Addr) *subnet {
	for _, n := range see(s, c, s.subnets).list() {
		six := slices.ContainsFunc(n.IPv6, func(b subnetIPv6) bool {
			return b.State.State == associated && netip.MustParsePrefix(b.Block).Contains(a)
		})
		if n.VpcID == vpc && (six || n.prefix().IsValid() && n.prefix().Contains(a)) {
			return n
		}
	}
	return nil
}

// ipHealth is what a balancer thinks of a target of type ip: nothing answers
// where no interface of a running instance has the address, and the security
// groups of that interface let the checks in or not.
func (s checks) ipHealth(t target, b *balancer) health {
	at := slices.IndexFunc(b.Zones, func(z balancerZone) bool { return z.Zone == t.Zone || t.Zone == everyZone })
	switch {
	case at < 0:
		return health{"unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"}
	case b.State != active || s.clock.Now().Before(t.Since.Add(s.config.Latency)):
		return isRegistering
	}
	card := s.interfaceWith(netip.MustParseAddr(t.ID))
	switch {
	case t.Zone == everyZone && card == nil: // outside the VPC
	case card == nil || !s.runs(card) || !s.letsIn(card, "tcp", s.group.checkPort(t), netip.MustParseAddr(b.Zones[at].IP), b.Groups):
		return isBlocked
	}
	if s.failing[t.ID] || s.config.Answers != nil && !s.config.Answers(s.group.ARN, t.ID) {
		return isFailing
	}
	return isHealthy
}

// cardOf is the interface that a target's packets come in by; nil outside the
// VPC.
func (s checks) cardOf(t target) *networkInterface {
	if s.group.Kind == byIP {
		return s.interfaceWith(netip.MustParseAddr(t.ID))
	}
	return s.primary[t.ID]
}

// shown is a target as snapshots have it.
func (t target) shown(g *targetGroup) string {
	if g.Kind == byIP {
		return net.JoinHostPort(t.ID, strconv.Itoa(t.Port))
	}
	return t.ID
}

func (s checks) runs(i *networkInterface) bool {
	vm, ok := s.instances.items[i.instance()]
	return ok && vm.State == running
}

// carriers are the VPC's interfaces by the addresses and the prefixes that they
// have.
func (s *Sim) carriers(vpc string) map[netip.Prefix]*networkInterface {
	out := map[netip.Prefix]*networkInterface{}
	for _, i := range s.interfaces.items {
		if i.VpcID != vpc {
			continue
		}
		single := func(text string) {
			if a, err := netip.ParseAddr(text); err == nil {
				out[netip.PrefixFrom(a, a.BitLen())] = i
			}
		}
		single(i.PrivateIP)
		for _, x := range i.Addresses {
			single(x.IP)
		}
		for _, x := range i.IPv6Addresses {
			single(x.IP)
		}
		for _, x := range i.Prefixes {
			out[netip.MustParsePrefix(x.Prefix)] = i
		}
		for _, x := range i.IPv6Prefixes {
			out[netip.MustParsePrefix(x.Prefix)] = i
		}
	}
	return out
}

// interfaceWith is the interface that has the address, of its own or in a
// prefix (/28, /80); nil where none has.
func (s checks) interfaceWith(a netip.Addr) *networkInterface {
	bits := prefixBits
	if a.Is6() {
		bits = 80
	}
	block, _ := a.Prefix(bits)
	if i := s.carrier[block]; i != nil {
		return i
	}
	return s.carrier[netip.PrefixFrom(a, a.BitLen())]
}
