package awssim

import (
	"net/netip"
	"slices"
	"strings"
)

// What other people and parts of AWS do, beside the API.

func asError(e *APIError) error {
	if e == nil {
		return nil
	}
	return e
}

func (s *Sim) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	s.byHand = true
	defer func() { s.byHand = false }()
	f()
}

// AddVPC adds a VPC of those blocks, the first its primary one, with its main
// route table, and gives its ID.
func (s *Sim) AddVPC(blocks ...netip.Prefix) (id string, err error) {
	s.locked(func() {
		v := &vpc{ID: s.id(vpcIDs), OwnerID: s.config.Account, State: "available", CidrBlock: blocks[0].String()}
		for _, p := range blocks {
			if refusal := blockSize(p); refusal != nil {
				err = refusal
				return
			}
			v.Associations = append(v.Associations, association{ID: s.id(idKind{prefix: "vpc-cidr-assoc-"}), CidrBlock: p.String(), State: blockState{State: associated}})
		}
		s.vpcs.put(v)
		s.newRouteTable(v.ID)
		id = v.ID
	})
	return id, err
}

// AddSubnet adds a subnet in a zone, "" for the first one.
func (s *Sim) AddSubnet(vpcID string, p netip.Prefix, zone string) (id string, err error) {
	s.locked(func() {
		v, ok := s.vpcs.items[vpcID]
		if !ok {
			err = vpcIDs.notFound(vpcID)
			return
		}
		n, refusal := s.newSubnet(v, p, subnet{AvailabilityZone: orDefault(zone, s.config.Zones[0])})
		if err = asError(refusal); err == nil {
			id = n.ID
		}
	})
	return id, err
}

// DeleteSubnet deletes a subnet in which no interface is, with its
// reservations.
func (s *Sim) DeleteSubnet(id string) (err error) {
	s.locked(func() {
		if _, ok := s.subnets.items[id]; !ok {
			err = subnetIDs.notFound(id)
			return
		}
		err = asError(s.dropSubnet(id))
	})
	return err
}

// AddReservation adds a subnet CIDR reservation and gives its ID.
func (s *Sim) AddReservation(r Reservation) (id string, err error) {
	s.locked(func() {
		sub, ok := s.subnets.items[r.Subnet]
		if !ok {
			err = subnetIDs.notFound(r.Subnet)
			return
		}
		made, refusal := s.newReservation(sub, r.Prefix, orDefault(r.Type, typeExplicit), r.Description, tagsOf(r.Tags))
		if err = asError(refusal); err == nil {
			id = made.ID
		}
	})
	return id, err
}

// DeleteReservation deletes a subnet CIDR reservation.
func (s *Sim) DeleteReservation(id string) (err error) {
	s.locked(func() {
		if _, ok := s.reservations.items[id]; !ok {
			err = reservationIDs.notFound(id)
			return
		}
		s.reservations.del(id)
	})
	return err
}

// AddInterface adds an interface that is in no instance of ours: one of a
// load balancer, a NAT gateway, or one that somebody made and left.
func (s *Sim) AddInterface(card Interface) (id string, err error) {
	s.locked(func() {
		sub, ok := s.subnets.items[card.Subnet]
		if !ok {
			err = subnetIDs.notFound(card.Subnet)
			return
		}
		i, refusal := s.newInterface(sub, card.IP)
		if refusal != nil {
			err = refusal
			return
		}
		i.Description, i.RequesterManaged = card.Description, card.Description != ""
		s.interfaces.put(i)
		id = i.ID
		if len(card.Prefixes)+len(card.Secondary) > 0 {
			_, _, refusal = s.assign(i, assignment{prefixes: card.Prefixes, addresses: card.Secondary})
			err = asError(refusal)
		}
	})
	return id, err
}

// DeleteInterface deletes an interface by hand, even one in use.
func (s *Sim) DeleteInterface(id string) (err error) {
	s.locked(func() {
		i, ok := s.interfaces.items[id]
		if !ok {
			err = interfaceIDs.notFound(id)
			return
		}
		s.dropInterface(i)
	})
	return err
}

// Assign gives an interface prefixes by hand; Unassign takes them; Move takes
// them from whoever has them.
func (s *Sim) Assign(id string, prefixes ...netip.Prefix) error {
	return s.onInterface(id, func(i *networkInterface) *APIError {
		_, _, refusal := s.assign(i, assignment{prefixes: prefixes})
		return refusal
	})
}

// Move is Assign that takes the prefixes from another interface.
func (s *Sim) Move(id string, prefixes ...netip.Prefix) error {
	return s.onInterface(id, func(i *networkInterface) *APIError {
		_, _, refusal := s.assign(i, assignment{prefixes: prefixes, reassign: true})
		return refusal
	})
}

// Unassign takes prefixes from an interface.
func (s *Sim) Unassign(id string, prefixes ...netip.Prefix) error {
	return s.onInterface(id, func(i *networkInterface) *APIError { return s.unassign(i, prefixes, nil) })
}

// UnassignIPv6 takes every IPv6 prefix from an interface.
func (s *Sim) UnassignIPv6(id string) error {
	return s.onInterface(id, func(i *networkInterface) *APIError {
		next := *i
		next.IPv6Prefixes = nil
		for _, p := range i.IPv6Prefixes {
			delete(s.ipv6, netip.MustParsePrefix(p.Prefix))
		}
		s.putIPv6(&next)
		return nil
	})
}

func (s *Sim) onInterface(id string, do func(*networkInterface) *APIError) (err error) {
	s.locked(func() {
		i, ok := s.interfaces.items[id]
		if !ok {
			err = interfaceIDs.notFound(id)
			return
		}
		err = asError(do(i))
	})
	return err
}

// AddRoute adds a route to the VPC's main table: to an interface, or to a
// peering connection ("pcx-..."), a transit gateway ("tgw-...") or another gateway.
func (s *Sim) AddRoute(vpcID string, to netip.Prefix, via string) error {
	return s.addMainRoute(vpcID, routeTo(to), via)
}

// Propagate has a virtual private gateway enter what it has learned in the
// VPC's main table.
func (s *Sim) Propagate(vpcID string, to netip.Prefix, gateway string) error {
	r := routeTo(to)
	r.Origin = "EnableVgwRoutePropagation"
	return s.addMainRoute(vpcID, r, gateway)
}

// AddRouteToList adds a route to what a prefix list has.
func (s *Sim) AddRouteToList(vpcID, listID, via string) error {
	return s.addMainRoute(vpcID, tableRoute{DestinationList: listID, Origin: "CreateRoute"}, via)
}

func (s *Sim) addMainRoute(vpcID string, r tableRoute, via string) (err error) {
	s.locked(func() {
		for _, t := range s.routeTables.all() {
			if t.VpcID != vpcID {
				continue
			}
			r.State = routeActive
			switch kind, _, _ := strings.Cut(via, "-"); kind {
			case "pcx":
				r.PeeringID = via
			case "eni":
				r.NetworkInterfaceID = via
			case "tgw":
				r.TransitGatewayID = via
			default:
				r.GatewayID = via
			}
			if t.route(r.dest()) != nil {
				err = routeExists(r)
				return
			}
			s.setRoutes(t, append(slices.Clone(t.Routes), r))
			return
		}
		err = vpcIDs.notFound(vpcID)
	})
	return err
}

// Retag replaces the tags of a reservation.
func (s *Sim) Retag(id string, with map[string]string) (err error) {
	s.locked(func() {
		r, ok := s.reservations.items[id]
		if !ok {
			err = reservationIDs.notFound(id)
			return
		}
		next := *r
		next.Tags = tagsOf(with)
		s.reservations.put(&next)
	})
	return err
}
