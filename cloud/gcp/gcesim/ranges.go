package gcesim

import (
	"fmt"
	"net/netip"
)

// prohibited may never be a subnet range (the subnets page, "Prohibited IPv4
// subnet ranges").
var prohibited = []netip.Prefix{
	mustPrefix("0.0.0.0/8"), mustPrefix("127.0.0.0/8"), mustPrefix("169.254.0.0/16"),
	mustPrefix("224.0.0.0/4"), mustPrefix("255.255.255.255/32"),
	mustPrefix("199.36.153.4/30"), mustPrefix("199.36.153.8/30"),
}

// checkRange reports whether a subnetwork of the network may take p as a primary
// or secondary range.
func (s *Sim) checkRange(n *network, field string, p netip.Prefix, overRoutes bool) *APIError {
	if !p.Addr().Is4() {
		return invalidField(field, p.String(), "IPv6 ranges are not modelled by this simulator.")
	}
	if p.Bits() > smallestSubnetMask || p.Bits() < 4 {
		return invalidField(field, p.String(), "Invalid IPCidrRange: %s must have a prefix length between 4 and %d.", p, smallestSubnetMask)
	}
	for _, bad := range prohibited {
		if p.Overlaps(bad) {
			return invalidField(field, p.String(), "Invalid IPCidrRange: %s overlaps the prohibited range %s.", p, bad)
		}
	}
	if n.auto() && p.Overlaps(mustPrefix(autoModeSpace)) {
		return invalidField(field, p.String(), "Invalid IPCidrRange: %s conflicts with %s, which is reserved in auto mode networks.", p, autoModeSpace)
	}
	if other, taken := s.spaceOf(n.path()).ranges.overlap(p); taken {
		return invalidField(field, p.String(), "Invalid IPCidrRange: %s conflicts with existing %s.", p, other.what)
	}
	if r := s.customRouteWithin(n, p); r != nil && !overRoutes {
		return invalidField(field, p.String(), "Invalid IPCidrRange: %s conflicts with existing route '%s' with destination range %s.", p, r.Name, r.DestRange)
	}
	return nil
}

// customRouteWithin finds a static route that a subnet range would match or
// contain. Broader routes, such as the default route, are no conflict (the
// routes page, "Interactions between static and subnet routes").
func (s *Sim) customRouteWithin(n *network, p netip.Prefix) *route {
	var found *route
	s.routes.all(func(_ shelfKey, r *route) {
		if r.Network != n.SelfLink || r.NextHopNetwork != "" || r.NextHopPeering != "" {
			return
		}
		if dest, err := netip.ParsePrefix(r.DestRange); err == nil && dest.Bits() >= p.Bits() && p.Contains(dest.Addr()) {
			found = r
		}
	})
	return found
}

// claims are ranges taken for a subnetwork that may have to go back.
type claims struct {
	sp   *space
	held []netip.Prefix
}

func (c *claims) take(p netip.Prefix, what string) {
	c.sp.ranges.insert(p, &rangeHold{prefix: p, what: what})
	c.held = append(c.held, p)
	c.sp.subnets++
}

func (c *claims) undo() {
	for _, p := range c.held {
		c.sp.ranges.remove(p)
		c.sp.subnets--
	}
	c.held = nil
}

func subnetWords(name, region string) string {
	return fmt.Sprintf("subnetwork '%s' in region '%s'", name, region)
}

// claimSecondary validates and takes one secondary range.
func (s *Sim) claimSecondary(n *network, sub *subnetwork, region string, i int, c *claims) *APIError {
	r := sub.SecondaryIPRanges[i]
	field := fmt.Sprintf("resource.secondaryIpRanges[%d].", i)
	if !namePattern.MatchString(r.RangeName) {
		return invalidField(field+"rangeName", r.RangeName, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
	}
	p, refusal := parseCIDR(field+"ipCidrRange", r.IPCidrRange)
	if refusal != nil {
		return refusal
	}
	if refusal := s.checkRange(n, field+"ipCidrRange", p, sub.AllowSubnetCidrRoutesOver); refusal != nil {
		return refusal
	}
	c.take(p, subnetWords(sub.Name, region))
	return nil
}

// checkSecondaryCount enforces unique names and the quotas.
func (s *Sim) checkSecondaryCount(ranges []secondaryRange) *APIError {
	seen := map[string]bool{}
	for i, r := range ranges {
		if seen[r.RangeName] {
			return invalidField(fmt.Sprintf("resource.secondaryIpRanges[%d].rangeName", i), r.RangeName, "Secondary range names must be unique within the subnetwork.")
		}
		seen[r.RangeName] = true
	}
	if limit := s.quotas[QuotaSecondaryRanges]; len(ranges) > limit {
		return overQuota(QuotaSecondaryRanges, limit)
	}
	return nil
}

func (s *Sim) checkSubnetRangeQuota(sp *space) *APIError {
	if limit := s.quotas[QuotaSubnetRanges]; sp.subnets > limit {
		return overQuota(QuotaSubnetRanges, limit)
	}
	return nil
}
