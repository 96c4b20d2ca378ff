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
	GatewayID          string `xml:"gatewayId,omitempty"`
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

func (t *routeTable) key() string         { return t.ID }
func (t *routeTable) tagged() tags        { return t.Tags }
func (r tableRoute) prefix() netip.Prefix { return netip.MustParsePrefix(r.Destination) }

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
	return describeRouteTablesReply{RequestID: requestID, Tables: page, NextToken: next}, refusal
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
		s.routeTables.put(s.clock.Now(), &next)
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
	s.routeTables.put(s.clock.Now(), t)
	return t
}
