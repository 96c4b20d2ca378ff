package gcesim

import (
	"net/netip"
	"strings"
)

// expandSubnetwork makes the primary range larger; it never gets smaller.
func expandSubnetwork(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("subnetworks", c.Resource)
	old, ok := s.subnetworks.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	var body struct {
		IPCidrRange string `json:"ipCidrRange"`
	}
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	undo, grow, refusal := s.expand(old, body.IPCidrRange)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "expandIpCidrRange", path: path, targetID: old.ID, abort: undo, apply: func() *OperationError {
		next := *old
		next.IPCidrRange, next.Fingerprint = grow().String(), s.fingerprint()
		s.subnetworks.put(s.clock.Now(), c.Project, c.in, &next)
		s.syncSubnetRoutes(&next, old.routed())
		return nil
	}})
}

func (s *Sim) expand(old *subnetwork, text string) (undo func(), grow func() netip.Prefix, refusal *APIError) {
	p, refusal := parseCIDR("ipCidrRange", text)
	if refusal != nil {
		return nil, nil, refusal
	}
	was := old.primary()
	if p.Bits() >= was.Bits() || !p.Contains(was.Addr()) {
		return nil, nil, invalidField("ipCidrRange", text, "New IP CIDR range must be larger than and contain the current range %s.", was)
	}
	if strings.HasSuffix(old.Purpose, "MANAGED_PROXY") {
		return nil, nil, invalidField("ipCidrRange", text, "A proxy-only subnetwork cannot be expanded.")
	}
	n, refusal := s.findNetwork(old.Network, "")
	if refusal != nil {
		return nil, nil, refusal
	}
	sp := s.spaceOf(n.path())
	held, _ := sp.ranges.get(was)
	sp.ranges.remove(was)
	if n.auto() && mustPrefix(autoModeSpace).Overlaps(p) {
		if p.Bits() < 16 {
			refusal = invalidField("ipCidrRange", text, "A subnetwork of an auto mode network cannot be larger than /16.")
		} else if other, taken := sp.ranges.overlap(p); taken {
			refusal = invalidField("ipCidrRange", text, "Invalid IPCidrRange: %s conflicts with existing %s.", p, other.what)
		}
	} else {
		refusal = s.checkRange(n, "ipCidrRange", p, old.AllowSubnetCidrRoutesOver)
	}
	if refusal != nil {
		sp.ranges.insert(was, held)
		return nil, nil, refusal
	}
	sp.ranges.insert(p, &rangeHold{prefix: p, what: held.what})
	undo = func() { sp.ranges.remove(p); sp.ranges.insert(was, held) }
	grow = func() netip.Prefix { sp.unreserve(was); sp.reserve(p); return p }
	return undo, grow, nil
}
