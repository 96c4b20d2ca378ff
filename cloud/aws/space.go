package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

type space struct{ *vpc }

// Read asks for the VPC itself, its subnets, their reservations, its route
// tables with the prefix lists in them, and its network interfaces.
func (s space) Read(ctx context.Context) (cloud.Snapshot, error) {
	about := subject{"read the VPC", s.VPC}
	n, err := read(ctx, s.vpc, actionVPCs, about, func(ctx context.Context) (network, error) { return s.api.vpc(ctx, s.VPC) })
	if err != nil {
		return cloud.Snapshot{}, err
	}
	b := &occupancy{subnets: map[string]*cloud.Subnet{}}
	b.prohibited()
	for _, step := range []func() error{
		func() error { return s.listSubnets(ctx, b) },
		func() error { return s.readReservations(ctx, b) },
		func() error { return s.readRoutes(ctx, b) },
		func() error { return s.readLists(ctx, b) },
		func() error {
			return s.eachCard(ctx, "vpc-id", s.VPC, func(c card) error { return b.card(c) })
		},
	} {
		if err := step(); err != nil {
			return cloud.Snapshot{}, err
		}
	}
	snap := cloud.Snapshot{Occupied: b.sorted(), Unseen: b.unseen, Traits: traits, Routes: s.tablesOf(b.tables).room(s.RoutesPerTable)}
	if snap.Blocks, err = n.associated(); err != nil {
		return cloud.Snapshot{}, misread(about, err)
	}
	for _, id := range s.nodeSubnets() {
		if sub := b.subnets[id]; sub != nil { // else made since the subnets were read
			sub.Used = joined(sub.Used)
			snap.Subnets = append(snap.Subnets, *sub)
		}
	}
	return snap, s.missing(b)
}

func (v *vpc) listSubnets(ctx context.Context, b *occupancy) error {
	about := subject{"list the subnets", v.VPC}
	var made []string
	err := pages(ctx, v, actionSubnets, about, of(v.VPC, v.api.subnets), func(n subnet) error {
		if err := b.subnet(n); err != nil {
			return err
		}
		if v.ours(n) {
			made = append(made, n.id)
			b.subnets[n.id].Made = n.name
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(made)
	v.made.set(made)
	v.known.setPairs(b.subnets)
	return nil
}

// missing says which node subnet is not there.
func (s space) missing(b *occupancy) error {
	for _, id := range s.Subnets {
		if b.subnets[id] == nil {
			return &cloud.Error{
				Reason: cloud.NotFound, Act: "read node subnet", Resource: id, Err: errors.New("VPC " + s.VPC + " has no such subnet"),
				Remedy: fmt.Sprintf("subnets cannot be taken out of a Network; create a new Network with those it has: %q", slices.Sorted(maps.Keys(b.subnets))),
			}
		}
	}
	return nil
}

// readReservations costs a call or more for each node subnet. Other subnets
// are occupied as a whole.
func (s space) readReservations(ctx context.Context, b *occupancy) error {
	for _, id := range s.nodeSubnets() {
		if b.subnets[id] == nil {
			continue
		}
		all, err := s.reserved(ctx, id, subject{"list the subnet CIDR reservations", id})
		if cloud.Is(err, cloud.NotFound) { // gone since the subnets were listed
			delete(b.subnets, id)
			continue
		}
		if err != nil {
			return err
		}
		for _, r := range all {
			if err := b.reservation(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s space) readRoutes(ctx context.Context, b *occupancy) error {
	return pages(ctx, s.vpc, actionRouteTables, subject{"list the route tables", s.VPC}, of(s.VPC, s.api.routeTables), b.routes)
}

// readLists costs a call or more for each prefix list that a route leads to,
// those of AWS among them: nothing in a route tells whose a list is.
func (s space) readLists(ctx context.Context, b *occupancy) error {
	before, now := s.lists.All(), map[string][]string{}
	for _, t := range b.tables {
		for i := range t.routes {
			r := &t.routes[i]
			if r.list == "" {
				continue
			}
			if _, read := now[r.list]; !read {
				entries, err := s.entries(ctx, r.list)
				u, hidden := cloud.CannotSee("the entries of prefix list "+r.list+", to which route table "+t.id+" has a route", err)
				switch {
				case hidden:
					b.unseen = append(b.unseen, u)
					entries = before[r.list]
				case err != nil:
					return err
				}
				now[r.list] = entries
			}
			if err := b.list(t, r, now[r.list]); err != nil {
				return err
			}
		}
	}
	s.lists.Set(now)
	return nil
}

func (s space) entries(ctx context.Context, list string) (all []string, err error) {
	err = pages(ctx, s.vpc, actionListEntries, subject{"list the entries of the prefix list", list}, of(list, s.api.listEntries), func(cidr string) error {
		all = append(all, cidr)
		return nil
	})
	return all, err
}
