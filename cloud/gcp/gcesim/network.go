package gcesim

import (
	"net/netip"
	"strings"
)

func (o *network) path() string { return strings.TrimPrefix(o.SelfLink, selfLinkBase) }
func (o *network) auto() bool   { return o.AutoCreateSubnetworks != nil && *o.AutoCreateSubnetworks }

func getNetwork(s *Sim, c *call) (any, *APIError) {
	n, ok := lookBack(s, c, s.networks).get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(c.path("networks", c.Resource))
	}
	return s.dressNetwork(n), nil
}

func listNetworks(s *Sim, c *call) (any, *APIError) {
	return listFrom(s, c, lookBack(s, c, s.networks), "network", "networks", s.dressNetwork)
}

// dressNetwork adds the list of subnetworks, which is only known when asked.
func (s *Sim) dressNetwork(n *network) *network {
	out := *n
	s.subnetworks.all(func(_ shelfKey, sub *subnetwork) {
		if sub.Network == n.SelfLink {
			out.Subnetworks = append(out.Subnetworks, sub.SelfLink)
		}
	})
	return &out
}

func insertNetwork(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	var in network
	if refusal := decode(c, &in); refusal != nil {
		return nil, refusal
	}
	n, refusal := s.newNetwork(c.Project, in)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "insert", path: n.path(), targetID: n.ID, apply: func() *OperationError {
		s.putNetwork(c.Project, n)
		return nil
	}})
}

func (s *Sim) newNetwork(project string, in network) (*network, *APIError) {
	if refusal := checkName(in.Name); refusal != nil {
		return nil, refusal
	}
	path := resourcePath(project, global, "networks", in.Name)
	if _, ok := s.networks.get(project, global, in.Name); ok || s.isBusy(path) {
		return nil, alreadyExists(path)
	}
	if r := in.RoutingConfig; r != nil && r.RoutingMode != "" && r.RoutingMode != "REGIONAL" {
		return nil, invalidField("resource.routingConfig.routingMode", r.RoutingMode, "This simulator knows REGIONAL.")
	}
	auto := in.auto()
	ula, refusal := s.newULA(in)
	if refusal != nil {
		return nil, refusal
	}
	return &network{
		Kind: kindPrefix + "network", ID: s.nextID(), CreationTimestamp: s.stamp(),
		Name: in.Name, Description: in.Description, SelfLink: selfLinkBase + path,
		AutoCreateSubnetworks: &auto, MTU: orDefault(in.MTU, 1460),
		RoutingConfig:         &routing{RoutingMode: "REGIONAL"},
		EnableULAInternalIPv6: in.EnableULAInternalIPv6, InternalIPv6Range: ula,
	}, nil
}

// putNetwork makes a network visible, with its default route and, in auto
// mode, a subnetwork in each region.
func (s *Sim) putNetwork(project string, n *network) {
	s.networks.put(s.clock.Now(), project, global, n)
	s.addSystemRoute(project, n, route{
		Description: "Default route to the Internet.", DestRange: "0.0.0.0/0",
		Priority:       new(uint32(1000)),
		NextHopGateway: selfLinkBase + "projects/" + project + "/global/gateways/default-internet-gateway",
	})
	if !n.auto() {
		return
	}
	block := netip.MustParseAddr("10.128.0.0").As4()
	for i, in := range s.scopes([]string{"regions"}) {
		a := block
		a[1], a[2] = a[1]+byte(i/16), byte(i%16)<<4
		p := netip.PrefixFrom(netip.AddrFrom4(a), 20)
		c := &claims{sp: s.spaceOf(n.path())}
		c.take(p, subnetWords(n.Name, in.name))
		s.putSubnetwork(project, in, s.dressSubnetwork(project, in, n, subnetwork{Name: n.Name, IPCidrRange: p.String()}))
	}
}

func deleteNetwork(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("networks", c.Resource)
	n, ok := s.networks.get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if users := s.dressNetwork(n).Subnetworks; len(users) > 0 {
		return nil, inUse(path, strings.TrimPrefix(users[0], selfLinkBase))
	}
	if f := s.firewallOf(n); f != nil {
		return nil, inUse(path, f.path())
	}
	var user string
	s.routers.all(func(_ shelfKey, r *cloudRouter) {
		if r.Network == n.SelfLink {
			user = strings.TrimPrefix(r.SelfLink, selfLinkBase)
		}
	})
	if user != "" {
		return nil, inUse(path, user)
	}
	return s.begin(c, change{kind: "delete", path: path, targetID: n.ID, apply: func() *OperationError {
		s.networks.del(s.clock.Now(), c.Project, global, n.Name)
		s.dropRoutes(c.Project, func(r *route) bool { return r.Network == n.SelfLink })
		delete(s.space, path)
		return nil
	}})
}

// findNetwork resolves a network named in a request.
func (s *Sim) findNetwork(text, project string) (*network, *APIError) {
	r, ok := parseRef(text, project, "networks")
	if !ok {
		return nil, invalidField("resource.network", text, "The URL is malformed.")
	}
	n, ok := s.networks.get(r.project, global, r.name)
	if !ok {
		return nil, notFound(r.path("networks"))
	}
	if s.isBusy(n.path()) {
		return nil, notReady(n.path())
	}
	return n, nil
}

// listPeeringRoutes lists what a peering brings into the network.
func listPeeringRoutes(s *Sim, c *call) (any, *APIError) {
	n, ok := s.networks.get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(c.path("networks", c.Resource))
	}
	name := c.query.Get("peeringName")
	var routes []peeringRoute
	for _, r := range s.routesOf(n, "") {
		if c.query.Get("direction") != "OUTGOING" && r.NextHopPeering != "" && (name == "" || r.NextHopPeering == name) {
			routes = append(routes, peeringRoute{
				DestRange: r.DestRange, Imported: true, Type: "SUBNET_PEERING_ROUTE", NextHopRegion: c.query.Get("region"),
			})
		}
	}
	items, next, refusal := numberedPage(c, routes)
	return listReply{Kind: kindPrefix + "exchangedPeeringRoutesList", Items: items, NextPageToken: next}, refusal
}
