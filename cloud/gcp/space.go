package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// maxSecondaryRanges is how many secondary ranges a subnetwork may have.
// Source: cloud.google.com/vpc/docs/quota, "limits per network".
const maxSecondaryRanges = 170

type space struct{ *vpc }

// Read asks for the network itself, its subnetworks of all regions, its
// routes, the routes of its peers, those that its routers learn, and its reserved
// global ranges.
func (s space) Read(ctx context.Context) (cloud.Snapshot, error) {
	n, err := s.readNetwork(ctx)
	if err != nil {
		return cloud.Snapshot{}, err
	}
	b := &occupancy{}
	b.prohibited(n)
	subnets := map[string]cloud.Subnet{}
	steps := []func() error{
		func() error { return s.readSubnets(ctx, b, subnets) },
		func() error { return s.readRoutes(ctx, b) },
		func() error { return s.readPeers(ctx, b, n.peerings) },
		func() error { return s.readRouters(ctx, b) },
		func() error { return s.readReservations(ctx, b) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return cloud.Snapshot{}, err
		}
	}
	snap := cloud.Snapshot{Occupied: b.sorted(), Proxy: b.proxies[s.Region], Unseen: b.unseen, Traits: traits}
	var missing error
	for _, name := range s.Subnetworks {
		sub, ok := subnets[name]
		if !ok {
			missing = s.noSubnet(name, subnets)
			continue
		}
		snap.Subnets = append(snap.Subnets, sub)
	}
	return snap, missing
}

func (s space) readNetwork(ctx context.Context) (network, error) {
	return read(ctx, s.vpc, methodNetwork, "", subject{"read network", s.networkPath()},
		func(ctx context.Context) (network, error) { return s.api.network(ctx, s.NetworkProject, s.Network) })
}

func (s space) readSubnets(ctx context.Context, b *occupancy, into map[string]cloud.Subnet) error {
	about := subject{"list the subnetworks", "projects/" + s.NetworkProject}
	return pages(ctx, s.vpc, methodSubnetworks, "", about, of(s.NetworkProject, s.api.subnetworks), func(n subnetwork) error {
		if !s.inNetwork(n.network) {
			return nil
		}
		if n.isProxyOnly() {
			return b.proxy(n)
		}
		sub, err := b.subnet(n)
		if n.region == s.Region {
			into[n.name] = sub
		}
		return err
	})
}

func (s space) readRoutes(ctx context.Context, b *occupancy) error {
	about := subject{"list the routes", s.networkPath()}
	return pages(ctx, s.vpc, methodRoutes, "", about, of(s.NetworkProject, s.api.routes), func(r route) error {
		if !s.inNetwork(r.network) || r.nextHopNetwork != "" {
			return nil // another network's, or that of a subnetwork we have read
		}
		if r.nextHopPeering != "" {
			return b.route(cloud.PeeringRoute, r.nextHopPeering, r.dest)
		}
		return b.route(cloud.StaticRoute, r.name, r.dest)
	})
}

// readPeers costs a page or more for each active peering. The peer's
// subnetworks occupy whether or not their routes are imported; its custom
// routes only where they are.
func (s space) readPeers(ctx context.Context, b *occupancy, peerings []string) error {
	for _, peering := range peerings {
		about := subject{"list the routes of peering " + peering, s.networkPath()}
		list := func(ctx context.Context, token string) (page[peeringRoute], error) {
			return s.api.peeringRoutes(ctx, s.NetworkProject, s.Network, peering, s.Region, token)
		}
		err := pages(ctx, s.vpc, methodPeeringRoutes, "", about, list, func(r peeringRoute) error {
			if !r.imported && !strings.HasPrefix(r.kind, "SUBNET") {
				return nil
			}
			return b.route(cloud.PeeringRoute, peering, r.dest)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s space) readReservations(ctx context.Context, b *occupancy) error {
	about := subject{"list the reserved ranges", "projects/" + s.NetworkProject}
	return pages(ctx, s.vpc, methodAddresses, "", about, of(s.NetworkProject, s.api.globalAddresses), func(a address) error {
		if a.network == "" || !s.inNetwork(a.network) {
			return nil // an external address, or another network's
		}
		return b.reservation(a)
	})
}

func (s space) noSubnet(name string, have map[string]cloud.Subnet) error {
	var names []string
	for n := range have {
		names = append(names, n)
	}
	return &cloud.Error{
		Reason: cloud.NotFound, Act: "read node subnetwork", Resource: s.subnetRef(name).String(),
		Err:    errors.New("network " + s.Network + " has no such subnetwork in region " + s.Region),
		Remedy: fmt.Sprintf("make it again, or create a new Network with those it has there: %q", sortedStrings(names)),
	}
}

// parseRange reads a CIDR as the cloud writes it, or a lone address.
func parseRange(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("the cloud gave %q, which is no range", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}
