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
	return a, nil
}

func listAddresses(s *Sim, c *call) (any, *APIError) {
	return list(s, c, s.addresses, "address", "addresses")
}

func aggregateAddresses(s *Sim, c *call) (any, *APIError) {
	return aggregate(s, c, s.addresses, "address", "addresses", "global", "regions")
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
	switch {
	case a.AddressType != "INTERNAL":
		a.AddressType = "EXTERNAL"
		undo = func() {}
		a.Address = orDefault(a.Address, fmt.Sprintf("203.0.113.%d", a.ID%250+1)) // TEST-NET-3: nobody's
	case in.kind == "global":
		undo, refusal = s.takeBlock(project, &a)
	default:
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
	a.Subnetwork, a.Purpose = sub.SelfLink, orDefault(a.Purpose, "GCE_ENDPOINT")
	sp := s.spaceOf(sub.networkPath())
	ip, failure, refusal := s.primaryIP("resource", sp, sub, path, a.Address)
	if refusal != nil {
		return nil, refusal
	}
	if failure != nil {
		return nil, refuse(400, "ipInUseByAnotherResource", "%s", failure.Message)
	}
	a.Address = ip.Addr().String()
	return func() { sp.free(ip) }, nil
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
	return s.begin(c, change{kind: "delete", path: path, targetID: a.ID, apply: func() *OperationError {
		s.dropAddress(c.Project, c.in, a)
		return nil
	}})
}

func (s *Sim) dropAddress(project string, in scope, a *address) {
	s.addresses.del(s.clock.Now(), project, in, a.Name)
	switch {
	case a.AddressType != "INTERNAL":
	case in.kind == "global":
		sp := s.spaceOf(strings.TrimPrefix(a.Network, selfLinkBase))
		sp.ranges.remove(netip.PrefixFrom(netip.MustParseAddr(a.Address), a.PrefixLength))
	default:
		r, _ := parseRef(a.Subnetwork, "", "subnetworks")
		if sub, ok := s.subnetworks.get(r.project, r.in, r.name); ok {
			s.release(s.spaceOf(sub.networkPath()), mustPrefix(a.Address+"/32"))
		}
	}
}
