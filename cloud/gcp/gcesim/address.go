package gcesim

import (
	"fmt"
	"net/netip"
	"strings"
)

func (o *address) path() string { return strings.TrimPrefix(o.SelfLink, selfLinkBase) }

func getAddress(s *Sim, c *call) (any, *APIError) {
	a, ok := lookBack(s, c, s.addresses).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("addresses", c.Resource))
	}
	return s.dressAddress(a), nil
}

func listAddresses(s *Sim, c *call) (any, *APIError) {
	return listFrom(s, c, lookBack(s, c, s.addresses), "address", "addresses", s.dressAddress)
}

func aggregateAddresses(s *Sim, c *call) (any, *APIError) {
	return aggregateFrom(s, c, lookBack(s, c, s.addresses), "address", "addresses", s.dressAddress, "global", "regions")
}

func insertAddress(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	var body address
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	a, undo, refusal := s.newAddress(c.Project, c.in, body)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "insert", path: a.path(), targetID: a.ID, abort: undo, apply: func() *OperationError {
		s.addresses.put(s.clock.Now(), c.Project, c.in, a)
		return nil
	}})
}

// newAddress validates a reservation and takes its space.
func (s *Sim) newAddress(project string, in scope, body address) (*address, func(), *APIError) {
	if refusal := checkName(body.Name); refusal != nil {
		return nil, nil, refusal
	}
	path := resourcePath(project, in, "addresses", body.Name)
	if _, ok := s.addresses.get(project, in, body.Name); ok || s.isBusy(path) {
		return nil, nil, alreadyExists(path)
	}
	a := body
	a.Kind, a.ID, a.CreationTimestamp = kindPrefix+"address", s.nextID(), s.stamp()
	a.SelfLink, a.Status, a.Users = selfLinkBase+path, "RESERVED", nil
	if in.kind == "regions" {
		a.Region = selfLinkBase + "projects/" + project + "/" + in.String()
	}
	var undo func()
	var refusal *APIError
	if limit := s.quotas[QuotaStaticAddresses]; s.countAddresses(project, in) >= limit {
		return nil, nil, overQuota(QuotaStaticAddresses, limit)
	}
	if refusal := a.checkRegional(); refusal != nil && in.kind == "regions" {
		return nil, nil, refusal
	}
	switch {
	case a.AddressType != "INTERNAL" && a.IPVersion == "IPV6" && in.kind == "regions":
		a.AddressType, a.NetworkTier = "EXTERNAL", "PREMIUM"
		undo, refusal = s.takeAddress(project, path, &a)
	case a.AddressType != "INTERNAL":
		a.AddressType, a.NetworkTier = "EXTERNAL", orDefault(a.NetworkTier, "PREMIUM")
		undo, refusal = s.takeExternal(path, &a)
	case in.kind == "global":
		undo, refusal = s.takeBlock(project, &a)
	default:
		a.NetworkTier = "PREMIUM" // whatever is asked
		undo, refusal = s.takeAddress(project, path, &a)
	}
	return &a, undo, refusal
}

// takeBlock reserves a range of the network for private services access
// (purpose VPC_PEERING): no subnetwork may use it.
func (s *Sim) takeBlock(project string, a *address) (func(), *APIError) {
	if a.Purpose != "VPC_PEERING" {
		return nil, invalidField("resource.purpose", a.Purpose, "A global internal address must have purpose VPC_PEERING in this simulator.")
	}
	n, refusal := s.findNetwork(a.Network, project)
	if refusal != nil {
		return nil, refusal
	}
	a.Network = n.SelfLink
	sp := s.spaceOf(n.path())
	if a.PrefixLength < 8 || a.PrefixLength > 30 {
		return nil, invalidField("resource.prefixLength", fmt.Sprint(a.PrefixLength), "Must be between 8 and 30.")
	}
	p, ok := sp.ranges.firstFree(mustPrefix("10.0.0.0/8"), a.PrefixLength)
	if a.Address != "" {
		if p, refusal = parseCIDR("resource.address", fmt.Sprintf("%s/%d", a.Address, a.PrefixLength)); refusal != nil {
			return nil, refusal
		}
		var other *rangeHold
		if other, ok = sp.ranges.overlap(p); ok {
			return nil, invalidField("resource.address", a.Address, "Invalid IPCidrRange: %s conflicts with existing %s.", p, other.what)
		}
		ok = true
	}
	if !ok {
		return nil, refuse(400, "ipSpaceExhausted", "No free range of prefix length %d in the network.", a.PrefixLength)
	}
	a.Address = p.Addr().String()
	sp.ranges.insert(p, &rangeHold{prefix: p, what: fmt.Sprintf("allocated range '%s'", a.Name)})
	return func() { sp.ranges.remove(p) }, nil
}

// takeAddress reserves one address of a subnetwork's primary range.
func (s *Sim) takeAddress(project, path string, a *address) (func(), *APIError) {
	r, ok := parseRef(a.Subnetwork, project, "subnetworks")
	if !ok {
		return nil, invalidField("resource.subnetwork", a.Subnetwork, "The URL is malformed.")
	}
	sub, ok := s.subnetworks.get(r.project, r.in, r.name)
	if !ok {
		return nil, notFound(r.path("subnetworks"))
	}
	if sub.proxyOnly() {
		return nil, invalidField("resource.subnetwork", a.Subnetwork, "Subnetwork must have purpose=PRIVATE.")
	}
	a.Subnetwork, a.Network = sub.SelfLink, sub.Network
	if a.AddressType == "INTERNAL" {
		a.Purpose = orDefault(a.Purpose, "GCE_ENDPOINT")
	}
	sp := s.spaceOf(sub.networkPath())
	if ip := vipOf(a.Address); ip.IsValid() {
		if h, ok := sp.used.get(ip); ok && strings.Contains(h.by, "/forwardingRules/") {
			return s.adoptVIP(path, a, ip)
		}
	}
	ip, refusal := s.takeInSubnet(sub.SelfLink, path, a.IPVersion, a.Address)
	if refusal != nil && refusal.Status == 409 {
		return nil, refuse(400, "ipInUseByAnotherResource", "%s", refusal.Message)
	}
	if refusal != nil {
		return nil, refusal
	}
	if a.Address = ip.Addr().String(); ip.Addr().Is6() {
		a.PrefixLength = ip.Bits()
	}
	return func() { sp.free(ip) }, nil
}

// takeExternal reserves an external address: a new one, or the ephemeral one
// that a forwarding rule has.
func (s *Sim) takeExternal(path string, a *address) (func(), *APIError) {
	if a.Address != "" {
		return s.adoptVIP(path, a, vipOf(a.Address))
	}
	ip := s.newExternalIP(path)
	a.Address = ip.Addr().String()
	return func() { delete(s.lb.external, ip) }, nil
}

func (s *Sim) countAddresses(project string, in scope) (n int) {
	s.addresses.all(func(at shelfKey, _ *address) {
		if at == (shelfKey{project, in}) {
			n++
		}
	})
	return n
}

func deleteAddress(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("addresses", c.Resource)
	a, ok := s.addresses.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if users := s.rulesOf(a); len(users) > 0 {
		return nil, inUse(path, pathOf(users[0]))
	}
	return s.begin(c, change{kind: "delete", path: path, targetID: a.ID, apply: func() *OperationError {
		s.dropAddress(c.Project, c.in, a)
		return nil
	}})
}

func (s *Sim) dropAddress(project string, in scope, a *address) {
	s.addresses.del(s.clock.Now(), project, in, a.Name)
	switch {
	case in.kind == "regions" || a.AddressType != "INTERNAL":
		s.dropVIP(a.Network, resourcePath(project, in, "addresses", a.Name), vipOf(a.Address))
	default:
		sp := s.spaceOf(strings.TrimPrefix(a.Network, selfLinkBase))
		sp.ranges.remove(netip.PrefixFrom(netip.MustParseAddr(a.Address), a.PrefixLength))
	}
}
