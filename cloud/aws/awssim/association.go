package awssim

import "slices"

// What says which subnet uses which route table: an association of its own, or
// else the VPC's main one. Sources: the API references of the actions.

func createRouteTable(s *Sim, c *call) (any, *APIError) {
	v, ok := see(s, c, s.vpcs).get(c.params["VpcId"])
	if !ok {
		return nil, vpcIDs.notFound(c.params["VpcId"])
	}
	given, refusal := c.newTags("route-table")
	if refusal != nil {
		return nil, refusal
	}
	t := *s.newRouteTable(v.ID)
	t.Tags = given
	s.routeTables.put(&t)
	return routeTableReply{requestID, &t}, nil
}

type routeTableReply struct {
	RequestID string      `xml:"requestId"`
	Table     *routeTable `xml:"routeTable"`
}

type useReply struct {
	RequestID string `xml:"requestId"`
	ID        string `xml:"associationId"`
	State     string `xml:"associationState>state"`
}

func associateRouteTable(s *Sim, c *call) (any, *APIError) {
	t, refusal := s.tableOf(c)
	if refusal != nil {
		return nil, refusal
	}
	sub, ok := see(s, c, s.subnets).get(c.params["SubnetId"])
	if !ok {
		return nil, subnetIDs.notFound(c.params["SubnetId"])
	}
	if sub.VpcID != t.VpcID {
		return nil, invalidValue("route table %s and subnet %s belong to different networks", t.ID, sub.ID)
	}
	for _, o := range s.routeTables.all() {
		if at := slices.IndexFunc(o.Associations, func(u tableUse) bool { return u.SubnetID == sub.ID }); at >= 0 && o.ID != t.ID {
			return nil, refuse("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", t.ID)
		} else if at >= 0 {
			return useReply{requestID, o.Associations[at].ID, associated}, nil
		}
	}
	return useReply{requestID, s.associateTable(t, tableUse{SubnetID: sub.ID}), associated}, nil
}

// associateTable adds an association and gives its ID.
func (s *Sim) associateTable(t *routeTable, u tableUse) string {
	next := *t
	u.ID, u.TableID = s.id(idKind{prefix: "rtbassoc-"}), t.ID
	next.Associations = append(slices.Clone(t.Associations), u)
	s.routeTables.put(&next)
	return u.ID
}

// dissociate takes the association out of its table.
func (s *Sim) dissociate(id string) {
	for _, t := range s.routeTables.all() {
		next := *t
		next.Associations = slices.DeleteFunc(slices.Clone(t.Associations), func(u tableUse) bool { return u.ID == id })
		if len(next.Associations) < len(t.Associations) {
			s.routeTables.put(&next)
		}
	}
}

func (s *Sim) useNamed(c *call) (tableUse, *APIError) {
	id := c.params["AssociationId"]
	for _, t := range see(s, c, s.routeTables).list() {
		for _, u := range t.Associations {
			if u.ID == id {
				return u, nil
			}
		}
	}
	return tableUse{}, refuse("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}

func disassociateRouteTable(s *Sim, c *call) (any, *APIError) {
	u, refusal := s.useNamed(c)
	switch {
	case refusal != nil:
		return nil, refusal
	case u.Main:
		return nil, invalidValue("cannot disassociate the main route table association %s", u.ID)
	}
	s.dissociate(u.ID)
	return returnReply{requestID, true}, nil
}

type newUseReply struct {
	RequestID string `xml:"requestId"`
	ID        string `xml:"newAssociationId"`
	State     string `xml:"associationState>state"`
}

// replaceRouteTableAssociation gives a subnet another table, or the VPC another
// main one.
func replaceRouteTableAssociation(s *Sim, c *call) (any, *APIError) {
	t, refusal := s.tableOf(c)
	if refusal != nil {
		return nil, refusal
	}
	u, refusal := s.useNamed(c)
	if refusal != nil {
		return nil, refusal
	}
	if was := s.routeTables.items[u.TableID]; was.VpcID != t.VpcID {
		return nil, invalidValue("route table %s and the association %s belong to different networks", t.ID, u.ID)
	}
	s.dissociate(u.ID)
	return newUseReply{requestID, s.associateTable(s.routeTables.items[t.ID], tableUse{SubnetID: u.SubnetID, Main: u.Main}), associated}, nil
}
