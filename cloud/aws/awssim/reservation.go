package awssim

import "net/netip"

const (
	typePrefix   = "prefix"
	typeExplicit = "explicit"
	// reservationsPage is how many GetSubnetCidrReservations gives that is
	// not told (hashicorp/terraform-provider-aws#45304).
	reservationsPage = 255
)

type reservation struct {
	ID          string `xml:"subnetCidrReservationId"`
	SubnetID    string `xml:"subnetId"`
	Cidr        string `xml:"cidr"`
	Type        string `xml:"reservationType"`
	OwnerID     string `xml:"ownerId"`
	Description string `xml:"description,omitempty"`
	Tags        tags   `xml:"tagSet>item"`
}

func (r *reservation) key() string          { return r.ID }
func (r *reservation) tagged() tags         { return r.Tags }
func (r *reservation) prefix() netip.Prefix { return netip.MustParsePrefix(r.Cidr) }

type reservationReply struct {
	RequestID string       `xml:"requestId"`
	Made      *reservation `xml:"subnetCidrReservation,omitempty"`
	Deleted   *reservation `xml:"deletedSubnetCidrReservation,omitempty"`
}

func createSubnetCidrReservation(s *Sim, c *call) (any, *APIError) {
	id := c.params["SubnetId"]
	if id == "" {
		return nil, missing("subnetId")
	}
	sub, ok := see(s, c, s.subnets).get(id)
	if !ok {
		return nil, subnetIDs.notFound(id)
	}
	p, refusal := c.prefix("Cidr")
	if refusal != nil {
		return nil, refusal
	}
	t, refusal := c.newTags("subnet-cidr-reservation")
	if refusal != nil {
		return nil, refusal
	}
	r, refusal := s.newReservation(sub, p, c.params["ReservationType"], c.params["Description"], t)
	if refusal != nil {
		return nil, refusal
	}
	return reservationReply{RequestID: requestID, Made: r}, nil
}

// newReservation adds one. It may cover addresses in use, which stay; it may
// not overlap another (VPC user guide, "Subnet CIDR reservations").
func (s *Sim) newReservation(sub *subnet, p netip.Prefix, kind, description string, t tags) (*reservation, *APIError) {
	switch {
	case kind != typePrefix && kind != typeExplicit:
		return nil, invalidValue("Value (%s) for parameter reservationType is invalid. Valid values are prefix, explicit", kind)
	case p.Bits() < sub.prefix().Bits() || !sub.prefix().Contains(p.Addr()):
		return nil, invalidValue("Reservation CIDR %s is not within the subnet CIDR %s", p, sub.CidrBlock) // the text is a guess
	}
	for _, r := range s.reservedIn(sub.ID) {
		if r.prefix().Overlaps(p) {
			return nil, invalidValue("Reservation CIDR %s has overlap with existing reserved CIDR block", p)
		}
	}
	r := &reservation{ID: s.id(reservationIDs), SubnetID: sub.ID, Cidr: p.String(), Type: kind, OwnerID: s.config.Account, Description: description, Tags: t}
	s.reservations.put(r)
	return r, nil
}

// reservedIn is the reservations of a subnet.
func (s *Sim) reservedIn(subnet string) (out []*reservation) {
	for _, r := range s.reservations.all() {
		if r.SubnetID == subnet {
			out = append(out, r)
		}
	}
	return out
}

// deleteSubnetCidrReservation leaves the addresses that are in use.
func deleteSubnetCidrReservation(s *Sim, c *call) (any, *APIError) {
	id := c.params["SubnetCidrReservationId"]
	if id == "" {
		return nil, missing("subnetCidrReservationId")
	}
	r, ok := see(s, c, s.reservations).get(id)
	if !ok {
		return nil, reservationIDs.notFound(id)
	}
	s.reservations.del(id)
	return reservationReply{RequestID: requestID, Deleted: r}, nil
}

type reservationsReply struct {
	RequestID string         `xml:"requestId"`
	IPv4      []*reservation `xml:"subnetIpv4CidrReservationSet>item"`
	NextToken string         `xml:"nextToken,omitempty"`
}

func getSubnetCidrReservations(s *Sim, c *call) (any, *APIError) {
	id := c.params["SubnetId"]
	if id == "" {
		return nil, missing("subnetId")
	}
	if _, ok := see(s, c, s.subnets).get(id); !ok {
		return nil, subnetIDs.notFound(id)
	}
	all, refusal := c.filters()
	if refusal != nil {
		return nil, refusal
	}
	var found []*reservation
	for _, r := range see(s, c, s.reservations).list() {
		ok, refusal := matches(r, all, func(r *reservation, filter string) ([]string, bool) {
			switch filter {
			case "reservationType":
				return []string{r.Type}, true
			case "subnet-id":
				return []string{r.SubnetID}, true
			}
			return nil, false
		})
		if refusal != nil {
			return nil, refusal
		}
		if ok && r.SubnetID == id {
			found = append(found, r)
		}
	}
	page, next, refusal := paged(c, found, 1000, reservationsPage)
	return reservationsReply{RequestID: requestID, IPv4: page, NextToken: next}, refusal
}
