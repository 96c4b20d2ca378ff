package awssim

import (
	"cmp"
	"net/netip"
	"slices"
)

// routeTargets are the parameters of which a route takes one.
var routeTargets = []string{"NetworkInterfaceId", "InstanceId", "GatewayId", "TransitGatewayId", "VpcPeeringConnectionId"}

var routeParams = append([]string{"DestinationCidrBlock", "DestinationIpv6CidrBlock"}, routeTargets...)

// createRoute adds a route. Sources: the API reference of CreateRoute, and the
// VPC user guide, "Configure route tables".
func createRoute(s *Sim, c *call) (any, *APIError) {
	t, r, refusal := s.askedRoute(c)
	if refusal != nil {
		return nil, refusal
	}
	if t.route(r.dest()) != nil {
		return nil, routeExists(r)
	}
	v4, v6 := 0, 0 // each family is counted apart
	for _, o := range append(slices.Clone(t.Routes), r) {
		n, six := s.weight(o)
		v4, v6 = v4+n, v6+six
	}
	if r.Destination6 == "" && v4 > s.config.RoutesPerTable || r.Destination6 != "" && v6 > s.config.RoutesPerTable {
		return nil, refuse("RouteLimitExceeded", "The maximum number of routes has been reached.")
	}
	s.setRoutes(t, append(slices.Clone(t.Routes), r))
	return returnReply{requestID, true}, nil
}

func routeExists(r tableRoute) *APIError {
	return refuse("RouteAlreadyExists", "The route identified by %s already exists.", r.dest())
}

// replaceRoute points a route elsewhere.
func replaceRoute(s *Sim, c *call) (any, *APIError) {
	t, r, refusal := s.askedRoute(c)
	if refusal != nil {
		return nil, refusal
	}
	if old := t.route(r.dest()); old == nil || old.GatewayID == local {
		return nil, invalidValue("There is no route defined for '%s' in the route table. Use CreateRoute instead.", r.dest())
	}
	next := slices.Clone(t.Routes)
	next[slices.IndexFunc(next, func(o tableRoute) bool { return o.dest() == r.dest() })] = r
	s.setRoutes(t, next)
	return returnReply{requestID, true}, nil
}

func deleteRoute(s *Sim, c *call) (any, *APIError) {
	t, refusal := s.tableOf(c)
	if refusal != nil {
		return nil, refusal
	}
	dest, refusal := c.destination()
	if refusal != nil {
		return nil, refusal
	}
	switch r := t.route(dest.String()); {
	case r == nil:
		return nil, refuse("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", dest, t.ID)
	case r.GatewayID == local:
		return nil, invalidValue("cannot remove local route %s in route table %s", dest, t.ID)
	}
	s.setRoutes(t, slices.DeleteFunc(slices.Clone(t.Routes), func(o tableRoute) bool { return o.dest() == dest.String() }))
	return returnReply{requestID, true}, nil
}

// askedRoute reads and checks the route of a call, and its table.
func (s *Sim) askedRoute(c *call) (*routeTable, tableRoute, *APIError) {
	t, refusal := s.tableOf(c)
	if refusal != nil {
		return nil, tableRoute{}, refusal
	}
	dest, refusal := c.destination()
	if refusal != nil {
		return nil, tableRoute{}, refusal
	}
	r := routeTo(dest)
	given := slices.DeleteFunc(slices.Clone(routeTargets), func(name string) bool { return c.params[name] == "" })
	if len(given) != 1 {
		return nil, r, refuse("InvalidParameterCombination", "The request must contain exactly one of gatewayId, networkInterfaceId, vpcPeeringConnectionId or instanceId")
	}
	if refusal := s.aim(c, &r, given[0], c.params[given[0]], t.VpcID); refusal != nil {
		return nil, r, refusal
	}
	return t, r, s.mayRoute(t, r)
}

// routeTo is a route to there that leads nowhere yet.
func routeTo(dest netip.Prefix) tableRoute {
	r := tableRoute{Origin: "CreateRoute", State: routeActive}
	if dest.Addr().Is4() {
		r.Destination = dest.String()
	} else {
		r.Destination6 = dest.String()
	}
	return r
}

// aim sets the route's target.
func (s *Sim) aim(c *call, r *tableRoute, kind, id, vpcID string) *APIError {
	switch kind {
	case "VpcPeeringConnectionId":
		r.PeeringID = id
		return nil
	case "GatewayId":
		r.GatewayID = id
		return s.mayLead(vpcID, id)
	case "TransitGatewayId":
		r.TransitGatewayID = id
		return nil
	case "InstanceId":
		if _, ok := see(s, c, s.instances).get(id); !ok {
			return instanceIDs.notFound(id)
		}
		cards := s.cards(id)
		if len(cards) != 1 {
			return refuse("InvalidInstanceID", "There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the operation instead.", id)
		}
		id = cards[0].ID
	}
	i, ok := see(s, c, s.interfaces).get(id)
	if !ok {
		return interfaceIDs.notFound(id)
	}
	if i.VpcID != vpcID {
		return invalidValue("route table and network interface %s belong to different networks", id)
	}
	r.NetworkInterfaceID, r.InstanceID = id, i.instance()
	return nil
}

// mayRoute refuses a route inside the VPC that is not as large as a subnet.
func (s *Sim) mayRoute(t *routeTable, r tableRoute) *APIError {
	p := netip.MustParsePrefix(r.dest())
	for _, a := range s.vpcs.items[t.VpcID].Associations {
		block := a.prefix()
		if !a.counts() || p.Bits() < block.Bits() || !block.Contains(p.Addr()) {
			continue
		}
		if p == block {
			return routeExists(r)
		}
		whole := slices.ContainsFunc(s.subnets.all(), func(n *subnet) bool { return n.VpcID == t.VpcID && n.prefix() == p })
		if !whole || r.NetworkInterfaceID == "" {
			return invalidValue("The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. "+
				"This route can target only an interface or an instance, and has to match the whole CIDR block of a subnet.", p) // the second half is a guess
		}
	}
	return nil
}

func (s *Sim) tableOf(c *call) (*routeTable, *APIError) {
	id := c.params["RouteTableId"]
	if id == "" {
		return nil, missing("routeTableId")
	}
	t, ok := see(s, c, s.routeTables).get(id)
	if !ok {
		return nil, tableIDs.notFound(id)
	}
	return t, nil
}

// destination is the one destination of a call, canonical as EC2 makes it.
func (c *call) destination() (netip.Prefix, *APIError) {
	v4, v6 := c.params["DestinationCidrBlock"], c.params["DestinationIpv6CidrBlock"]
	if (v4 == "") == (v6 == "") {
		return netip.Prefix{}, refuse("InvalidParameterCombination", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock")
	}
	p, err := netip.ParsePrefix(cmp.Or(v4, v6))
	if err != nil || p.Addr().Is4() != (v4 != "") {
		return p, invalidValue("Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", cmp.Or(v4, v6))
	}
	return p.Masked(), nil
}

func (s *Sim) setRoutes(t *routeTable, routes []tableRoute) {
	next := *t
	next.Routes = routes
	s.routeTables.put(&next)
}
