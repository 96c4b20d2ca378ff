package gcesim

import (
	"net/netip"
	"strings"
)

func (o *subnetwork) path() string        { return strings.TrimPrefix(o.SelfLink, selfLinkBase) }
func (o *subnetwork) networkPath() string { return strings.TrimPrefix(o.Network, selfLinkBase) }
func (o *subnetwork) primary() netip.Prefix {
	return mustPrefix(o.IPCidrRange)
}

// rangeNamed is the secondary range of that name, or the primary for "".
func (o *subnetwork) rangeNamed(name string) (netip.Prefix, bool) {
	if name == "" {
		return o.primary(), true
	}
	for _, r := range o.SecondaryIPRanges {
		if r.RangeName == name {
			return mustPrefix(r.IPCidrRange), true
		}
	}
	return netip.Prefix{}, false
}

func getSubnetwork(s *Sim, c *call) (any, *APIError) {
	sub, ok := lookBack(s, c, s.subnetworks).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("subnetworks", c.Resource))
	}
	if dress := s.utilization(c); dress != nil {
		sub = dress(sub)
	}
	return sub, nil
}

func listSubnetworks(s *Sim, c *call) (any, *APIError) {
	return listFrom(s, c, lookBack(s, c, s.subnetworks), "subnetwork", "subnetworks", s.utilization(c))
}

func aggregateSubnetworks(s *Sim, c *call) (any, *APIError) {
	return aggregateFrom(s, c, lookBack(s, c, s.subnetworks), "subnetwork", "subnetworks", s.utilization(c), "regions")
}

// utilization adds what views=WITH_UTILIZATION asks for; nil if not asked.
func (s *Sim) utilization(c *call) func(*subnetwork) *subnetwork {
	if c.query.Get("views") != "WITH_UTILIZATION" {
		return nil
	}
	return func(sub *subnetwork) *subnetwork {
		out, sp := *sub, s.spaceOf(sub.networkPath())
		out.UtilizationDetails = &utilizationDetails{IPv4: []rangeUtilization{sp.utilization("", sub.primary())}}
		for _, r := range sub.SecondaryIPRanges {
			out.UtilizationDetails.IPv4 = append(out.UtilizationDetails.IPv4, sp.utilization(r.RangeName, mustPrefix(r.IPCidrRange)))
		}
		return &out
	}
}

func (sp *space) utilization(name string, p netip.Prefix) rangeUtilization {
	var used int64
	sp.used.visit(p, func(h *hold) bool {
		used += 1 << (h.prefix.Addr().BitLen() - h.prefix.Bits())
		return true
	})
	return rangeUtilization{RangeName: name, TotalAllocatedIP: used, TotalFreeIP: 1<<(p.Addr().BitLen()-p.Bits()) - used}
}

func insertSubnetwork(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	var in subnetwork
	if refusal := decode(c, &in); refusal != nil {
		return nil, refusal
	}
	sub, undo, refusal := s.newSubnetwork(c.Project, c.in, in)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{
		kind: "insert", path: sub.path(), targetID: sub.ID, abort: undo,
		apply: func() *OperationError {
			s.putSubnetwork(c.Project, c.in, sub)
			return nil
		},
	})
}

// newSubnetwork validates and takes the ranges; undo gives them back.
func (s *Sim) newSubnetwork(project string, in scope, body subnetwork) (*subnetwork, func(), *APIError) {
	if refusal := checkName(body.Name); refusal != nil {
		return nil, nil, refusal
	}
	path := resourcePath(project, in, "subnetworks", body.Name)
	if _, ok := s.subnetworks.get(project, in, body.Name); ok || s.isBusy(path) {
		return nil, nil, alreadyExists(path)
	}
	n, refusal := s.findNetwork(body.Network, project)
	if refusal != nil {
		return nil, nil, refusal
	}
	if refusal := s.checkPurpose(n, in.name, &body); refusal != nil {
		return nil, nil, refusal
	}
	if refusal := s.checkSecondaryCount(body.SecondaryIPRanges); refusal != nil {
		return nil, nil, refusal
	}
	for name, asked := range map[string]string{"internalIpv6Prefix": body.InternalIPv6Prefix, "externalIpv6Prefix": body.ExternalIPv6Prefix} {
		if asked != "" {
			return nil, nil, invalidField("resource."+name, asked, "In this simulator it cannot be chosen.")
		}
	}
	primary, refusal := parseCIDR("resource.ipCidrRange", body.IPCidrRange)
	if refusal != nil {
		return nil, nil, refusal
	}
	if refusal := s.checkRange(n, "resource.ipCidrRange", primary, body.AllowSubnetCidrRoutesOver); refusal != nil {
		return nil, nil, refusal
	}
	c := &claims{sp: s.spaceOf(n.path())}
	c.take(primary, subnetWords(body.Name, in.name))
	for i := range body.SecondaryIPRanges {
		if refusal := s.claimSecondary(n, &body, in.name, i, c); refusal != nil {
			c.undo()
			return nil, nil, refusal
		}
	}
	if refusal := s.checkSubnetRangeQuota(c.sp); refusal != nil {
		c.undo()
		return nil, nil, refusal
	}
	back, refusal := s.giveSubnetIPv6(n, in.name, &body)
	if refusal != nil {
		c.undo()
		return nil, nil, refusal
	}
	giveBack := c.sp.takeSlot(&body, in.name, path)
	undo := func() { c.undo(); back(); giveBack() }
	return s.dressSubnetwork(project, in, n, body), undo, nil
}

func (s *Sim) dressSubnetwork(project string, in scope, n *network, body subnetwork) *subnetwork {
	sub := body
	sub.Kind, sub.ID, sub.CreationTimestamp = kindPrefix+"subnetwork", s.nextID(), s.stamp()
	sub.SelfLink = selfLinkBase + resourcePath(project, in, "subnetworks", body.Name)
	sub.Network = n.SelfLink
	sub.Region = selfLinkBase + "projects/" + project + "/" + in.String()
	sub.Fingerprint = s.fingerprint()
	sub.GatewayAddress = sub.primary().Addr().Next().String()
	sub.Purpose = orDefault(sub.Purpose, "PRIVATE")
	sub.StackType = orDefault(sub.StackType, "IPV4_ONLY")
	sub.UtilizationDetails = nil
	return &sub
}

// putSubnetwork makes a new subnetwork visible, with its routes.
func (s *Sim) putSubnetwork(project string, in scope, sub *subnetwork) {
	s.subnetworks.put(s.clock.Now(), project, in, sub)
	s.spaceOf(sub.networkPath()).reserve(sub.primary())
	s.syncSubnetRoutes(sub, nil)
}

func deleteSubnetwork(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("subnetworks", c.Resource)
	sub, ok := s.subnetworks.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	sp := s.spaceOf(sub.networkPath())
	if by := s.proxiesIn(sub, c.in.name); by != "" {
		return nil, inUse(path, by)
	}
	for _, p := range sub.allRanges() {
		if by, used := sp.user(p); used {
			return nil, inUse(path, by)
		}
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	sp.unreserve(sub.primary())
	back := sp.block(sub.allRanges(), path)
	return s.begin(c, change{
		kind: "delete", path: path, targetID: sub.ID,
		abort: func() { back(); sp.reserve(sub.primary()) },
		apply: func() *OperationError {
			back()
			s.dropSubnetwork(c.Project, c.in, sub)
			return nil
		},
	})
}

func (s *Sim) dropSubnetwork(project string, in scope, sub *subnetwork) {
	sp := s.spaceOf(sub.networkPath())
	sp.unreserve(sub.primary())
	if slot := sub.slot(in.name); sp.proxies[slot] == sub.path() {
		delete(sp.proxies, slot)
	}
	s.subnetworks.del(s.clock.Now(), project, in, sub.Name)
	for _, p := range sub.allRanges() {
		sp.ranges.remove(p)
		sp.subnets--
	}
	if p, ok := sub.ipv6(); ok {
		sp.ranges.remove(p)
	}
	s.syncSubnetRoutes(sub, sub.routed())
}

func (o *subnetwork) allRanges() []netip.Prefix {
	out := []netip.Prefix{o.primary()}
	for _, r := range o.SecondaryIPRanges {
		out = append(out, mustPrefix(r.IPCidrRange))
	}
	return out
}

// block keeps addresses of ranges that are going away from being taken while
// the operation runs. Nothing in them is in use.
func (sp *space) block(ranges []netip.Prefix, by string) (unblock func()) {
	for _, p := range ranges {
		sp.claim(p, by, false)
	}
	return func() {
		for _, p := range ranges {
			if h, ok := sp.used.get(p); ok && h.by == by {
				sp.free(p)
			}
		}
	}
}
