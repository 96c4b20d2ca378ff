package gcesim

import (
	"fmt"
	"net/netip"
	"strings"
)

func asError(e *APIError) error {
	if e == nil {
		return nil
	}
	return e
}

// AddNetwork adds a network, and its project if needed.
func (s *Sim) AddNetwork(n Network) error {
	defer s.lock()()
	s.addProject(n.Project)
	made, refusal := s.newNetwork(n.Project, network{Name: n.Name, AutoCreateSubnetworks: &n.Auto, EnableULAInternalIPv6: n.ULA})
	if refusal == nil {
		if n.Global {
			made.RoutingConfig.RoutingMode = "GLOBAL"
		}
		s.putNetwork(n.Project, made)
	}
	return asError(refusal)
}

// AddPeering peers a network with another one and imports subnet routes; no
// subnetwork may then overlap them.
func (s *Sim) AddPeering(project, networkName, name, peer string, routes ...netip.Prefix) error {
	defer s.lock()()
	n, ok := s.networks.get(project, global, networkName)
	if !ok {
		return notFound(resourcePath(project, global, "networks", networkName))
	}
	if err := s.holdPeer(n, fmt.Sprintf("peering route of '%s'", name), routes); err != nil {
		return err
	}
	for _, p := range routes {
		s.addSystemRoute(project, n, route{
			Description: fmt.Sprintf("Auto generated route via peering [%s].", name), DestRange: p.String(),
			Priority: new(uint32(0)), NextHopPeering: name,
		})
	}
	next := *n
	next.Peerings = append(next.Peerings[:len(next.Peerings):len(next.Peerings)], peering{
		Name: name, Network: peer, State: "ACTIVE", StateDetails: "Connected.", ExchangeSubnetRoutes: true, AutoCreateRoutes: true,
	})
	s.networks.put(s.clock.Now(), project, global, &next)
	return nil
}

// HideNetwork puts ranges behind a peered network: no subnetwork may overlap
// them, and no list shows them.
func (s *Sim) HideNetwork(project, networkName string, ranges ...netip.Prefix) error {
	defer s.lock()()
	n, ok := s.networks.get(project, global, networkName)
	if !ok {
		return notFound(resourcePath(project, global, "networks", networkName))
	}
	return s.holdPeer(n, "peer network of peer network", ranges)
}

// holdPeer takes ranges of a network for what a peer has, all or none.
func (s *Sim) holdPeer(n *network, what string, ranges []netip.Prefix) error {
	sp := s.spaceOf(n.path())
	for at, p := range ranges {
		if other, taken := sp.ranges.overlap(p); taken {
			for _, q := range ranges[:at] {
				sp.ranges.remove(q)
			}
			return invalid("An IP range in the peer network (%s) overlaps with %s", p, other.what)
		}
		sp.ranges.insert(p, &rangeHold{prefix: p, what: what})
	}
	return nil
}

// AddSubnetwork adds a subnetwork.
func (s *Sim) AddSubnetwork(sub Subnetwork) error {
	defer s.lock()()
	if _, ok := s.config.Regions[sub.Region]; !ok {
		return invalidField("region", sub.Region, "Unknown region.")
	}
	s.addProject(sub.Project)
	body := subnetwork{
		Name: sub.Name, Network: sub.Network, IPCidrRange: sub.Primary.String(), Purpose: sub.Purpose, Role: sub.Role, Description: sub.Description,
		AllowSubnetCidrRoutesOver: sub.AllowRouteOverlap, IPv6AccessType: sub.IPv6Access,
	}
	if sub.IPv6Access != "" {
		body.StackType = dualStack
	}
	if !strings.Contains(sub.Network, "/") {
		body.Network = "global/networks/" + sub.Network
	}
	for _, r := range sub.Secondary {
		body.SecondaryIPRanges = append(body.SecondaryIPRanges, secondaryRange{r.Name, r.Prefix.String()})
	}
	in := scope{"regions", sub.Region}
	made, _, refusal := s.newSubnetwork(sub.Project, in, body)
	if refusal == nil {
		s.putSubnetwork(sub.Project, in, made)
	}
	return asError(refusal)
}

// SetSecondaryRanges replaces the secondary ranges of a subnetwork, adding and
// removing freely; a range in use stays refused, and so does a subnetwork with
// an operation under way.
func (s *Sim) SetSecondaryRanges(project, region, name string, ranges ...SecondaryRange) error {
	var body []secondaryRange
	for _, r := range ranges {
		body = append(body, secondaryRange{r.Name, r.Prefix.String()})
	}
	defer s.lock()()
	in := scope{"regions", region}
	// Two steps, the removal first, as over the API.
	for step := range 2 {
		old, ok := s.subnetworks.get(project, in, name)
		if !ok {
			return notFound(resourcePath(project, in, "subnetworks", name))
		}
		if s.isBusy(old.path()) {
			return notReady(old.path())
		}
		next := *old
		next.SecondaryIPRanges = body
		if step == 0 {
			next.SecondaryIPRanges = common(old.SecondaryIPRanges, body)
		}
		_, done, refusal := s.changeSecondary(region, old, &next)
		if refusal != nil {
			return refusal
		}
		done()
		next.Fingerprint = s.fingerprint()
		s.subnetworks.put(s.clock.Now(), project, in, &next)
		s.syncSubnetRoutes(&next, old.routed())
	}
	return nil
}

func common(a, b []secondaryRange) []secondaryRange {
	var out []secondaryRange
	for _, x := range a {
		for _, y := range b {
			if x == y {
				out = append(out, x)
			}
		}
	}
	return out
}

// Route is a static route to an address.
type Route struct {
	Project, Name string
	Network       string
	Dest          netip.Prefix
	NextHopIP     netip.Addr
}

// AddRoute adds a static route.
func (s *Sim) AddRoute(r Route) error {
	defer s.lock()()
	made, refusal := s.newRoute(r.Project, route{
		Name: r.Name, Network: "global/networks/" + r.Network, DestRange: r.Dest.String(), NextHopIP: r.NextHopIP.String(),
	})
	if refusal == nil {
		s.routes.put(s.clock.Now(), r.Project, global, made)
	}
	return asError(refusal)
}

// ReserveRange reserves a block of a network for a peering (a global address
// of purpose VPC_PEERING); no subnetwork may use it.
func (s *Sim) ReserveRange(project, network, name string, p netip.Prefix) error {
	defer s.lock()()
	made, _, refusal := s.newAddress(project, global, address{
		Name: name, Network: "global/networks/" + network, AddressType: "INTERNAL", Purpose: "VPC_PEERING",
		Address: p.Addr().String(), PrefixLength: p.Bits(),
	})
	if refusal == nil {
		s.addresses.put(s.clock.Now(), project, global, made)
	}
	return asError(refusal)
}

// AddInstance adds a running VM and returns it with its id and addresses.
func (s *Sim) AddInstance(i Instance) (Instance, error) {
	defer s.lock()()
	region, ok := s.regionOf(i.Zone)
	if !ok {
		return Instance{}, invalidField("zone", i.Zone, "Unknown zone.")
	}
	s.addProject(i.Project)
	body := instance{Name: i.Name, CanIPForward: i.CanIPForward, Labels: i.Labels}
	for _, nic := range i.Interfaces {
		body.NetworkInterfaces = append(body.NetworkInterfaces, s.withIPv6(i.Project, region, nic))
	}
	in := scope{"zones", i.Zone}
	made, undo, failure, refusal := s.newInstance(i.Project, in, body)
	if refusal != nil {
		return Instance{}, refusal
	}
	if failure != nil {
		undo()
		return Instance{}, failure.asError()
	}
	s.instances.put(s.clock.Now(), i.Project, in, made)
	return made.public(i.Project, i.Zone), nil
}

func (e *OperationError) asError() error { return fmt.Errorf("%s: %s", e.Code, e.Message) }

// DeleteInstance removes a VM, even one with an operation under way.
func (s *Sim) DeleteInstance(project, zone, name string) error {
	defer s.lock()()
	in := scope{"zones", zone}
	i, ok := s.instances.get(project, in, name)
	if !ok {
		return notFound(resourcePath(project, in, "instances", name))
	}
	s.dropInstance(project, in, i)
	delete(s.busy, i.path()) // what is under way will find it gone
	return nil
}

// SetAliases replaces the alias ranges of an interface, adding and removing
// freely, as a person could in two steps. A VM with an operation under way
// refuses it, as it does over HTTP.
func (s *Sim) SetAliases(project, zone, name, nic string, aliases ...Alias) error {
	defer s.lock()()
	in := scope{"zones", zone}
	i, ok := s.instances.get(project, in, name)
	if !ok {
		return notFound(resourcePath(project, in, "instances", name))
	}
	if s.isBusy(i.path()) {
		return notReady(i.path())
	}
	at, refusal := i.nic(nic)
	if refusal != nil {
		return refusal
	}
	plan, refusal := s.planUpdate(i, at, wireAliases(aliases))
	if refusal != nil {
		return refusal
	}
	if plan.failure != nil {
		return plan.failure.asError()
	}
	s.applyAliases(project, in, i, at, plan)
	return nil
}
