package gcesim

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
)

func (o *route) path() string { return strings.TrimPrefix(o.SelfLink, selfLinkBase) }

func (o *route) static() bool { return o.NextHopNetwork == "" && o.NextHopPeering == "" }

func getRoute(s *Sim, c *call) (any, *APIError) {
	r, ok := lookBack(s, c, s.routes).get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(c.path("routes", c.Resource))
	}
	return r, nil
}

func listRoutes(s *Sim, c *call) (any, *APIError) { return list(s, c, s.routes, "route", "routes") }

func insertRoute(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	var body route
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	r, refusal := s.newRoute(c.Project, body)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "insert", path: r.path(), targetID: r.ID, warnings: r.Warnings, apply: func() *OperationError {
		s.routes.put(s.clock.Now(), c.Project, global, r)
		return nil
	}})
}

func (s *Sim) newRoute(project string, body route) (*route, *APIError) {
	if refusal := checkName(body.Name); refusal != nil {
		return nil, refusal
	}
	path := resourcePath(project, global, "routes", body.Name)
	if _, ok := s.routes.get(project, global, body.Name); ok || s.isBusy(path) {
		return nil, alreadyExists(path)
	}
	n, refusal := s.findNetwork(body.Network, project)
	if refusal != nil {
		return nil, refusal
	}
	dest, refusal := parseCIDR("resource.destRange", body.DestRange)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := s.checkRoute(n, dest, body); refusal != nil {
		return nil, refusal
	}
	r := body
	r.Kind, r.ID, r.CreationTimestamp = kindPrefix+"route", s.nextID(), s.stamp()
	r.SelfLink, r.Network, r.RouteType = selfLinkBase+path, n.SelfLink, "STATIC"
	if r.Priority == nil {
		r.Priority = new(uint32(1000))
	}
	r.Warnings = nil
	return &r, s.checkNextHop(project, &r)
}

// checkRoute: a static route's destination may not match or fit within a
// subnet range (the routes page, "Interactions between static and subnet
// routes"), and its network has a quota.
func (s *Sim) checkRoute(n *network, dest netip.Prefix, body route) *APIError {
	var within *rangeHold
	s.spaceOf(n.path()).ranges.visit(dest, func(h *rangeHold) bool {
		if h.prefix.Bits() <= dest.Bits() {
			within = h
		}
		return within == nil
	})
	if within != nil {
		return invalidField("resource.destRange", body.DestRange, "The destination range conflicts with %s (%s).", within.what, within.prefix)
	}
	if body.Priority != nil && *body.Priority > 65535 {
		return invalidField("resource.priority", fmt.Sprint(*body.Priority), "Must be between 0 and 65535.")
	}
	static := 0
	for _, r := range s.routesOf(n, "") {
		if r.static() {
			static++
		}
	}
	if limit := s.quotas[QuotaStaticRoutes]; static >= limit {
		return overQuota(QuotaStaticRoutes, limit)
	}
	return nil
}

// checkNextHop wants exactly one; a VM that may not forward gets a warning.
func (s *Sim) checkNextHop(project string, r *route) *APIError {
	hops := 0
	for _, hop := range []string{r.NextHopInstance, r.NextHopIP, r.NextHopIlb, r.NextHopGateway} {
		if hop != "" {
			hops++
		}
	}
	if hops != 1 || r.NextHopNetwork != "" || r.NextHopPeering != "" {
		return invalidField("resource", "", "Exactly one next hop must be given.")
	}
	if r.NextHopInstance == "" {
		return nil
	}
	at, ok := parseRef(r.NextHopInstance, project, "instances")
	if !ok {
		return invalidField("resource.nextHopInstance", r.NextHopInstance, "The URL is malformed.")
	}
	i, ok := s.instances.get(at.project, at.in, at.name)
	if !ok {
		return notFound(at.path("instances"))
	}
	r.NextHopInstance = i.SelfLink
	if !i.CanIPForward {
		r.Warnings = []messageWarning{{
			Code:    "NEXT_HOP_CANNOT_IP_FORWARD",
			Message: fmt.Sprintf("Next hop instance '%s' cannot forward IP traffic.", i.path()),
		}}
	}
	return nil
}

func deleteRoute(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("routes", c.Resource)
	r, ok := s.routes.get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if !r.static() {
		return nil, invalid("The local route '%s' cannot be deleted.", r.Name)
	}
	return s.begin(c, change{kind: "delete", path: path, targetID: r.ID, apply: func() *OperationError {
		s.routes.del(s.clock.Now(), c.Project, global, r.Name)
		return nil
	}})
}

// addSystemRoute adds a route that the platform makes by itself. Its name is a
// hash, as the API's are.
func (s *Sim) addSystemRoute(project string, n *network, r route) {
	h := fnv.New64a()
	fmt.Fprint(h, n.SelfLink, r.DestRange, r.NextHopPeering)
	r.Name = fmt.Sprintf("default-route-%016x", h.Sum64())
	if r.NextHopPeering != "" {
		r.Name = fmt.Sprintf("peering-route-%016x", h.Sum64())
	}
	r.Kind, r.ID, r.CreationTimestamp = kindPrefix+"route", s.nextID(), s.stamp()
	r.SelfLink = selfLinkBase + resourcePath(project, global, "routes", r.Name)
	r.Network = n.SelfLink
	s.routes.put(s.clock.Now(), project, global, &r)
}

// syncSubnetRoutes makes the local routes of a subnetwork those of its ranges,
// given the ranges it had; of a deleted one, none.
func (s *Sim) syncSubnetRoutes(sub *subnetwork, had []netip.Prefix) {
	r, _ := parseRef(sub.Network, "", "networks")
	n, ok := s.networks.get(r.project, global, r.name)
	if !ok {
		return
	}
	var has []netip.Prefix
	at, _ := parseRef(sub.SelfLink, "", "subnetworks")
	if now, ok := s.subnetworks.get(at.project, at.in, at.name); ok {
		has = now.routed()
	}
	s.dropRoutes(r.project, func(old *route) bool {
		if old.Network != sub.Network || old.NextHopNetwork == "" {
			return false
		}
		p := mustPrefix(old.DestRange)
		return slices.Contains(had, p) && !slices.Contains(has, p)
	})
	for _, p := range has {
		if !slices.Contains(had, p) {
			s.addSystemRoute(r.project, n, route{
				Description: fmt.Sprintf("Default local route to the subnetwork %s.", p),
				DestRange:   p.String(), Priority: new(uint32(0)), NextHopNetwork: n.SelfLink, RouteType: "SUBNET",
			})
		}
	}
}

// routesOf lists a network's routes, of one project or of all.
func (s *Sim) routesOf(n *network, project string) []*route {
	var out []*route
	s.routes.all(func(in shelfKey, r *route) {
		if r.Network == n.SelfLink && (project == "" || in.project == project) {
			out = append(out, r)
		}
	})
	return out
}

func (s *Sim) dropRoutes(project string, drop func(*route) bool) {
	for _, r := range (view[*route]{t: s.routes}).list(project, global) {
		if drop(r) {
			s.routes.del(s.clock.Now(), project, global, r.Name)
		}
	}
}
