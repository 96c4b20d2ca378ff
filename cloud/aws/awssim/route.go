package awssim

import (
	"net/netip"
	"slices"
)

// local is the gateway of the routes that a VPC's own blocks have.
const local = "local"

type routeTable struct {
	ID           string       `xml:"routeTableId"`
	VpcID        string       `xml:"vpcId"`
	OwnerID      string       `xml:"ownerId"`
	Routes       []tableRoute `xml:"routeSet>item"`
	Associations []tableUse   `xml:"associationSet>item"`
	Tags         tags         `xml:"tagSet>item"`
}

type tableRoute struct {
	Destination        string `xml:"destinationCidrBlock,omitempty"`
	Destination6       string `xml:"destinationIpv6CidrBlock,omitempty"`
	DestinationList    string `xml:"destinationPrefixListId,omitempty"`
	InstanceID         string `xml:"instanceId,omitempty"`
	GatewayID          string `xml:"gatewayId,omitempty"`
	TransitGatewayID   string `xml:"transitGatewayId,omitempty"`
	NetworkInterfaceID string `xml:"networkInterfaceId,omitempty"`
	PeeringID          string `xml:"vpcPeeringConnectionId,omitempty"`
	Origin             string `xml:"origin"`
	State              string `xml:"state"`
}

type tableUse struct {
	ID       string `xml:"routeTableAssociationId"`
	TableID  string `xml:"routeTableId"`
	SubnetID string `xml:"subnetId,omitempty"`
	Main     bool   `xml:"main"`
}

// The states of a route. A blackhole's target is gone, or not running.
const (
	routeActive    = "active"
	routeBlackhole = "blackhole"
)

func (t *routeTable) key() string  { return t.ID }
func (t *routeTable) tagged() tags { return t.Tags }
func (r tableRoute) dest() string  { return r.Destination + r.Destination6 + r.DestinationList } // one of them is set

// via is the route's target.
func (r tableRoute) via() string {
	return r.NetworkInterfaceID + r.PeeringID + r.TransitGatewayID + r.GatewayID
}

// leads are the destinations of a route: one, or those of a prefix list.
func (s *Sim) leads(r tableRoute) []netip.Prefix {
	if l, ok := s.lists.items[r.DestinationList]; ok {
		return l.prefixes()
	}
	if r.DestinationList != "" {
		return nil
	}
	return []netip.Prefix{netip.MustParsePrefix(r.dest())}
}

// weight is how many routes of each family a route counts as: a prefix list as
// many as it may have (VPC user guide, "Prefix lists").
func (s *Sim) weight(r tableRoute) (v4, v6 int) {
	n, six := 1, r.Destination6 != ""
	if l, ok := s.lists.items[r.DestinationList]; ok {
		n, six = l.MaxEntries, l.Family == "IPv6"
	}
	if six {
		return 0, n
	}
	return n, 0
}

// route is the one to exactly that destination, nil where there is none.
func (t *routeTable) route(dest string) *tableRoute {
	for n, r := range t.Routes {
		if r.dest() == dest {
			return &t.Routes[n]
		}
	}
	return nil
}

// judged is the table with the state of each route. Whether one to a stopped
// instance is a blackhole is not documented; here it is, so that nobody takes
// a blackhole for a machine that is gone.
func (s *Sim) judged(t *routeTable) *routeTable {
	next := *t
	next.Routes = slices.Clone(t.Routes)
	for n, r := range next.Routes {
		if r.NetworkInterfaceID == "" {
			continue
		}
		next.Routes[n].State, next.Routes[n].InstanceID = routeBlackhole, ""
		if i, ok := s.interfaces.items[r.NetworkInterfaceID]; ok {
			next.Routes[n].InstanceID = i.instance()
			if vm, ok := s.instances.items[i.instance()]; ok && vm.State == running {
				next.Routes[n].State = routeActive
			}
		}
	}
	return &next
}

type describeRouteTablesReply struct {
	RequestID string        `xml:"requestId"`
	Tables    []*routeTable `xml:"routeTableSet>item"`
	NextToken string        `xml:"nextToken,omitempty"`
}

func describeRouteTables(s *Sim, c *call) (any, *APIError) {
	page, next, refusal := find(c, see(s, c, s.routeTables), tableIDs, func(t *routeTable, filter string) (out []string, ok bool) {
		switch filter {
		case "route-table-id":
			return []string{t.ID}, true
		case "vpc-id":
			return []string{t.VpcID}, true
		case "association.main":
			for _, a := range t.Associations {
				if a.Main {
					return []string{"true"}, true
				}
			}
			return []string{"false"}, true
		case "association.subnet-id":
			for _, a := range t.Associations {
				out = append(out, a.SubnetID)
			}
			return out, true
		}
		return nil, false
	})
	reply := describeRouteTablesReply{RequestID: requestID, NextToken: next}
	for _, t := range page {
		reply.Tables = append(reply.Tables, s.judged(t))
	}
	return reply, refusal
}

// localRoute adds or removes the local route of a block in every table.
func (s *Sim) localRoute(vpcID, block string, add bool) {
	r := tableRoute{Destination: block, GatewayID: local, Origin: "CreateRouteTable", State: "active"}
	for _, t := range s.routeTables.all() {
		if t.VpcID != vpcID {
			continue
		}
		next := *t
		next.Routes = without(t.Routes, r)
		if add {
			next.Routes = append(next.Routes, r)
		}
		s.routeTables.put(&next)
	}
}

// newRouteTable adds a table with the local routes; the first of a VPC is its
// main one.
func (s *Sim) newRouteTable(vpcID string) *routeTable {
	t := &routeTable{ID: s.id(tableIDs), VpcID: vpcID, OwnerID: s.config.Account}
	if !slices.ContainsFunc(s.routeTables.all(), func(o *routeTable) bool { return o.VpcID == vpcID }) {
		t.Associations = []tableUse{{ID: s.id(idKind{prefix: "rtbassoc-"}), TableID: t.ID, Main: true}}
	}
	for _, a := range s.vpcs.items[vpcID].Associations {
		if a.State.State == associated {
			t.Routes = append(t.Routes, tableRoute{Destination: a.CidrBlock, GatewayID: local, Origin: "CreateRouteTable", State: "active"})
		}
	}
	s.routeTables.put(t)
	return t
}
