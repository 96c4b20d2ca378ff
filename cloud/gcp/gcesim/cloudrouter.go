package gcesim

import (
	"net/netip"
	"slices"
)

// cloudRouter is a Cloud Router. The routes that it learns are no resources of
// the network: only its status has them.
type cloudRouter struct {
	Kind              string     `json:"kind,omitempty"`
	ID                uint64     `json:"id,omitempty,string"`
	CreationTimestamp string     `json:"creationTimestamp,omitempty"`
	Name              string     `json:"name,omitempty"`
	SelfLink          string     `json:"selfLink,omitempty"`
	Region            string     `json:"region,omitempty"`
	Network           string     `json:"network,omitempty"`
	Bgp               *routerBgp `json:"bgp,omitempty"`
	BgpPeers          []bgpPeer  `json:"bgpPeers,omitempty"`
}

type routerBgp struct {
	Asn int `json:"asn,omitempty"`
}

type bgpPeer struct {
	Name          string `json:"name,omitempty"`
	InterfaceName string `json:"interfaceName,omitempty"`
	PeerAsn       int    `json:"peerAsn,omitempty"`
	PeerIPAddress string `json:"peerIpAddress,omitempty"`
	learned       []netip.Prefix
}

func (o *cloudRouter) key() string     { return o.Name }
func (o *cloudRouter) created() string { return o.CreationTimestamp }

type routerStatusReply struct {
	Kind   string       `json:"kind,omitempty"`
	Result routerStatus `json:"result,omitempty"`
}

type routerStatus struct {
	Network             string       `json:"network,omitempty"`
	BestRoutes          []route      `json:"bestRoutes,omitempty"`
	BestRoutesForRouter []route      `json:"bestRoutesForRouter,omitempty"`
	BgpPeerStatus       []peerStatus `json:"bgpPeerStatus,omitempty"`
}

type peerStatus struct {
	Name                   string `json:"name,omitempty"`
	PeerIPAddress          string `json:"peerIpAddress,omitempty"`
	PeerIPv4NexthopAddress string `json:"peerIpv4NexthopAddress,omitempty"`
	PeerIPv6NexthopAddress string `json:"peerIpv6NexthopAddress,omitempty"`
	NumLearnedRoutes       int    `json:"numLearnedRoutes,omitempty"`
	State                  string `json:"state,omitempty"`
	Status                 string `json:"status,omitempty"`
}

func listRouters(s *Sim, c *call) (any, *APIError) { return list(s, c, s.routers, "router", "routers") }

func aggregateRouters(s *Sim, c *call) (any, *APIError) {
	return aggregate(s, c, s.routers, "router", "routers", "regions")
}

func getRouter(s *Sim, c *call) (any, *APIError) {
	r, ok := lookBack(s, c, s.routers).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("routers", c.Resource))
	}
	return r, nil
}

// getRouterStatus tells what is programmed in the router's region, and what the
// router itself has learned: the reference of RouterStatus.
func getRouterStatus(s *Sim, c *call) (any, *APIError) {
	r, ok := lookBack(s, c, s.routers).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("routers", c.Resource))
	}
	out := routerStatus{Network: r.Network, BestRoutes: s.programmed(r), BestRoutesForRouter: r.routes()}
	for _, p := range r.BgpPeers {
		out.BgpPeerStatus = append(out.BgpPeerStatus, peerStatus{Name: p.Name, PeerIPAddress: p.PeerIPAddress,
			NumLearnedRoutes: len(p.learned), State: "Established", Status: "UP"})
	}
	return routerStatusReply{kindPrefix + "routerStatusResponse", out}, nil
}

// programmed are the routes of the router's network that hold in its region:
// those that any router there has learned, and those of other regions where the
// network's dynamic routing is global. One that matches a subnet range, or fits
// within it, is not used: the routes page, "Interactions between dynamic and
// subnet routes".
func (s *Sim) programmed(at *cloudRouter) (out []route) {
	ref, _ := parseRef(at.Network, "", "networks")
	n, ok := s.networks.get(ref.project, global, ref.name)
	if !ok {
		return nil
	}
	everywhere := n.RoutingConfig != nil && n.RoutingConfig.RoutingMode == "GLOBAL"
	s.routers.all(func(_ shelfKey, r *cloudRouter) {
		if r.Network != at.Network || r.Region != at.Region && !everywhere {
			return
		}
		out = append(out, slices.DeleteFunc(r.routes(), func(x route) bool { return s.inSubnet(n, mustPrefix(x.DestRange)) })...)
	})
	return out
}

func (s *Sim) inSubnet(n *network, p netip.Prefix) (in bool) {
	s.subnetworks.all(func(_ shelfKey, sub *subnetwork) {
		in = in || sub.Network == n.SelfLink && slices.ContainsFunc(sub.allRanges(), func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Overlaps(p) })
	})
	return in
}

func (o *cloudRouter) routes() (out []route) {
	for _, p := range o.BgpPeers {
		for _, to := range p.learned {
			out = append(out, route{Kind: kindPrefix + "route", CreationTimestamp: o.CreationTimestamp, Network: o.Network,
				DestRange: to.String(), NextHopIP: p.PeerIPAddress, Priority: new(uint32(100)), RouteType: "BGP"})
		}
	}
	return out
}

// Router is a Cloud Router with its BGP peers; without any, it is one that
// translates addresses.
type Router struct {
	Project, Region, Name string
	Network               string
	Peers                 []Peer
}

// Peer is what a router learns from the other side.
type Peer struct {
	Name    string
	Address netip.Addr
	Learned []netip.Prefix
}

// SetRouter adds a Cloud Router, or replaces it.
func (s *Sim) SetRouter(r Router) error {
	defer s.lock()()
	if _, ok := s.config.Regions[r.Region]; !ok {
		return invalidField("region", r.Region, "Unknown region.")
	}
	if refusal := checkName(r.Name); refusal != nil {
		return refusal
	}
	n, refusal := s.findNetwork("global/networks/"+r.Network, r.Project)
	if refusal != nil {
		return refusal
	}
	in := scope{"regions", r.Region}
	made := &cloudRouter{
		Kind: kindPrefix + "router", ID: s.nextID(), CreationTimestamp: s.stamp(), Name: r.Name, Network: n.SelfLink,
		SelfLink: selfLinkBase + resourcePath(r.Project, in, "routers", r.Name), Region: selfLinkBase + "projects/" + r.Project + "/regions/" + r.Region,
	}
	for _, p := range r.Peers {
		if refusal := checkName(p.Name); refusal != nil {
			return refusal
		}
		made.Bgp = &routerBgp{64514}
		made.BgpPeers = append(made.BgpPeers, bgpPeer{p.Name, "if-" + p.Name, 64515, p.Address.String(), slices.Clone(p.Learned)})
	}
	s.routers.put(s.clock.Now(), r.Project, in, made)
	return nil
}
