package awssim

import (
	"net/netip"
	"slices"
)

// modifyInstance changes the source/destination check of an instance's only
// interface.
func modifyInstance(s *Sim, c *call) (any, *APIError) {
	id := c.params["InstanceId"]
	if _, ok := see(s, c, s.instances).get(id); !ok {
		return nil, instanceIDs.notFound(id)
	}
	v, ok := c.params["SourceDestCheck.Value"]
	if !ok {
		return nil, missing("attribute")
	}
	cards := s.cards(id)
	if len(cards) != 1 {
		return nil, refuse("InvalidInstanceID", "There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the operation instead.", id)
	}
	next := *cards[0]
	next.SourceDestCheck = v == "true"
	s.interfaces.put(&next)
	return returnReply{requestID, true}, nil
}

// AddRouteTable adds a table to the VPC, in use by those subnets, and gives
// its ID.
func (s *Sim) AddRouteTable(vpcID string, subnets ...string) (id string, err error) {
	s.locked(func() {
		if _, ok := s.vpcs.items[vpcID]; !ok {
			err = vpcIDs.notFound(vpcID)
			return
		}
		t := s.newRouteTable(vpcID)
		for _, sub := range subnets {
			for _, o := range s.routeTables.all() {
				o := *o
				o.Associations = slices.DeleteFunc(slices.Clone(o.Associations), func(u tableUse) bool { return u.SubnetID == sub })
				s.routeTables.put(&o)
			}
			s.associateTable(s.routeTables.items[t.ID], tableUse{SubnetID: sub})
		}
		id = t.ID
	})
	return id, err
}

// Route is one of a route table.
type Route struct{ To, Via, State string }

// Routes are the routes of a table, but for the local ones; "" is the main
// table of the VPC.
func (s *Sim) Routes(vpcID, tableID string) (out []Route) {
	s.locked(func() {
		for _, t := range s.routeTables.all() {
			main := slices.ContainsFunc(t.Associations, func(u tableUse) bool { return u.Main })
			if t.VpcID != vpcID || t.ID != tableID && (tableID != "" || !main) {
				continue
			}
			for _, r := range s.judged(t).Routes {
				if r.GatewayID != local {
					out = append(out, Route{r.dest(), r.via(), r.State})
				}
			}
		}
	})
	return out
}

// AddRouteTo adds a route to a gateway to a table by hand.
func (s *Sim) AddRouteTo(tableID string, to netip.Prefix, via string) error {
	return s.onTable(tableID, func(t *routeTable) {
		r := routeTo(to)
		r.GatewayID = via
		s.setRoutes(t, append(slices.Clone(t.Routes), r))
	})
}

// RemoveRoute removes a route of a table by hand.
func (s *Sim) RemoveRoute(tableID string, to netip.Prefix) error {
	return s.onTable(tableID, func(t *routeTable) {
		s.setRoutes(t, slices.DeleteFunc(slices.Clone(t.Routes), func(r tableRoute) bool { return r.dest() == to.String() }))
	})
}

func (s *Sim) onTable(id string, do func(*routeTable)) (err error) {
	s.locked(func() {
		t, ok := s.routeTables.items[id]
		if !ok {
			err = tableIDs.notFound(id)
			return
		}
		do(t)
	})
	return err
}
