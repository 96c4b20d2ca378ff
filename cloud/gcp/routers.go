package gcp

import (
	"context"
	"maps"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud"
)

// learnedRoutes is what is not seen where the credentials may not read routers.
const learnedRoutes = "the routes that Cloud Routers learn by BGP"

// readRouters costs a page or more, and a call for each router of the network
// that has a BGP peer: what it learns is in no list of routes. Routers of all
// regions count, also where the network's dynamic routing is regional: a subnet's
// route holds in every region, and goes before what a router there has learned.
func (s space) readRouters(ctx context.Context, b *occupancy) error {
	about := subject{"list the Cloud Routers", "projects/" + s.NetworkProject}
	var all []router
	err := pages(ctx, s.vpc, methodRouters, "", about, of(s.NetworkProject, s.api.routers), func(r router) error {
		if s.inNetwork(r.network) && r.peers > 0 {
			all = append(all, r)
		}
		return nil
	})
	before, now := s.learned.All(), map[string]learned{}
	switch {
	case b.cannotSee(learnedRoutes, err):
		maps.Copy(now, before)
	case err != nil:
		return err
	}
	for _, r := range all {
		name := r.region + "/" + r.name
		switch got, err := s.readRouter(ctx, r); {
		case cloud.Is(err, cloud.NotFound): // gone since the routers were listed
		case b.cannotSee(learnedRoutes, err):
			now[name] = before[name]
		case err != nil:
			return err
		default:
			now[name] = got
		}
	}
	s.learned.Set(now)
	for name, got := range now {
		for _, r := range got.best {
			if r.nextHopNetwork != "" || r.nextHopPeering != "" {
				continue // of a subnetwork, or a peer's: those are read where they are
			}
			if err := b.learned(name, got.peers[r.nextHopIP], r.dest); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s space) readRouter(ctx context.Context, r router) (learned, error) {
	ref := routerRef{s.NetworkProject, r.region, r.name}
	return read(ctx, s.vpc, methodRouterStatus, ref.scope(), subject{"read what the Cloud Router has learned", ref.String()},
		func(ctx context.Context) (learned, error) { return s.api.routerStatus(ctx, ref) })
}

// cannotSee notes what cannot be read for good. One entry stands for all of a
// kind: what helps with the first helps with the others.
func (b *occupancy) cannotSee(what string, err error) bool {
	u, ok := cloud.CannotSee(what, err)
	if ok && len(b.unseen) == 0 {
		b.unseen = append(b.unseen, u)
	}
	return ok
}

const (
	routerFields = "name,region,network,bgpPeers(name)"
	bestFields   = "(destRange,nextHopIp,nextHopNetwork,nextHopPeering)"
	statusFields = "result(bestRoutes" + bestFields + ",bestRoutesForRouter" + bestFields + ",bgpPeerStatus(name,peerIpAddress,peerIpv4NexthopAddress,peerIpv6NexthopAddress))"
)

func (s *sdk) routers(ctx context.Context, project, token string) (page[router], error) {
	l, err := s.Routers.AggregatedList(project).MaxResults(pageSize).PageToken(token).
		Fields(listFields[compute.RouterAggregatedList](routerFields)).Context(ctx).Do()
	if err != nil {
		return page[router]{}, err
	}
	p := pageOf[router](l)
	for _, scoped := range l.Items {
		take(&p, scoped.Routers, func(r *compute.Router) router {
			return router{r.Name, base(r.Region), r.Network, len(r.BgpPeers)}
		})
	}
	return p, nil
}

func (s *sdk) routerStatus(ctx context.Context, ref routerRef) (learned, error) {
	got := learned{peers: map[string]string{}}
	l, err := s.Routers.GetRouterStatus(ref.project, ref.region, ref.name).Fields(statusFields).Context(ctx).Do()
	if err != nil || l.Result == nil {
		return got, err
	}
	for _, list := range [][]*compute.Route{l.Result.BestRoutes, l.Result.BestRoutesForRouter} {
		for _, r := range list {
			got.best = append(got.best, route{dest: r.DestRange, nextHopIP: r.NextHopIp, nextHopNetwork: r.NextHopNetwork, nextHopPeering: r.NextHopPeering})
		}
	}
	for _, p := range l.Result.BgpPeerStatus {
		for _, at := range nonEmpty(p.PeerIpAddress, p.PeerIpv4NexthopAddress, p.PeerIpv6NexthopAddress) {
			got.peers[at] = p.Name
		}
	}
	return got, nil
}
