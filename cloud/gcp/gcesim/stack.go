package gcesim

import (
	"slices"
)

// setStack changes the stack type of an interface, which the reference names
// as one of the two things that updateNetworkInterface can change
// ("NetworkInterface.stackType"): to IPV4_IPV6 it gets a /96, to IPV4_ONLY it
// loses its own.
func (s *Sim) setStack(c *call, i *instance, at int, asked networkInterface) (any, *APIError) {
	change, refusal := s.planStack(c.Project, c.in, i, at, asked)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, *change)
}

func (s *Sim) planStack(project string, in scope, i *instance, at int, asked networkInterface) (*change, *APIError) {
	was := i.NetworkInterfaces[at]
	r, _ := parseRef(was.Subnetwork, "", "subnetworks")
	sub, ok := s.subnetworks.get(r.project, r.in, r.name)
	if !ok {
		return nil, notFound(r.path("subnetworks"))
	}
	sp := s.spaceOf(sub.networkPath())
	next, undo := was, func() {}
	var failure *OperationError
	if asked.StackType != was.StackType {
		next.IPv6Address, next.InternalIPv6PrefixLength, next.IPv6AccessType, next.IPv6AccessConfigs = "", 0, "", nil
		var refusal *APIError
		if undo, failure, refusal = s.giveInterfaceIPv6("resource", sp, sub, i.path(), &next, asked); refusal != nil {
			return nil, refusal
		}
	}
	return &change{
		kind: "updateNetworkInterface", path: i.path(), targetID: i.ID, err: failure, abort: undo,
		apply: func() *OperationError {
			now, gone := s.current(project, in, i)
			if gone != nil {
				return gone
			}
			if next.StackType == was.StackType {
				return nil
			}
			changed := *now
			changed.NetworkInterfaces = slices.Clone(now.NetworkInterfaces)
			next.Fingerprint, changed.Fingerprint = s.fingerprint(), s.fingerprint()
			changed.NetworkInterfaces[at] = next
			s.instances.put(s.clock.Now(), project, in, &changed)
			if p, ok := was.ipv6(); ok {
				s.release(sp, p)
			}
			return nil
		},
	}, nil
}

// SetStack changes the stack type of an interface, as a person could.
func (s *Sim) SetStack(project, zone, name, nic, stackType string) error {
	defer s.lock()()
	in := scope{"zones", zone}
	i, ok := s.instances.get(project, in, name)
	if !ok {
		return notFound(resourcePath(project, in, "instances", name))
	}
	at, refusal := i.nic(nic)
	if refusal != nil {
		return refusal
	}
	asked := s.askIPv6(project, networkInterface{Subnetwork: i.NetworkInterfaces[at].Subnetwork, StackType: stackType})
	change, refusal := s.planStack(project, in, i, at, asked)
	if refusal != nil {
		return refusal
	}
	if change.err != nil {
		return change.err.asError()
	}
	if failed := change.apply(); failed != nil {
		return failed.asError()
	}
	return nil
}

// MakeDualStack gives an IPv4 subnetwork a /64 of that access type, INTERNAL
// or EXTERNAL.
func (s *Sim) MakeDualStack(project, region, name, access string) error {
	defer s.lock()()
	in := scope{"regions", region}
	old, ok := s.subnetworks.get(project, in, name)
	if !ok {
		return notFound(resourcePath(project, in, "subnetworks", name))
	}
	next := *old
	next.StackType, next.IPv6AccessType = dualStack, access
	if _, refusal := s.changeStack(region, old, &next); refusal != nil {
		return refusal
	}
	next.Fingerprint = s.fingerprint()
	s.subnetworks.put(s.clock.Now(), project, in, &next)
	s.syncSubnetRoutes(&next, old.routed())
	return nil
}

// withIPv6 is the wire form of an interface that is made by hand.
func (s *Sim) withIPv6(project, region string, n Interface) networkInterface {
	out := n.wire(region)
	out.StackType = n.StackType
	if n.IPv6.IsValid() {
		out.IPv6Address = n.IPv6.Addr().String()
	}
	return s.askIPv6(project, out)
}

// askIPv6 puts what is asked of a dual-stack interface into the words of its
// subnetwork's access type.
func (s *Sim) askIPv6(project string, n networkInterface) networkInterface {
	r, _ := parseRef(n.Subnetwork, project, "subnetworks")
	sub, ok := s.subnetworks.get(r.project, r.in, r.name)
	if ok && n.StackType == dualStack && sub.IPv6AccessType == externalAccess {
		n.IPv6AccessConfigs = []ipv6AccessConfig{{Type: directIPv6, ExternalIPv6: n.IPv6Address}}
		n.IPv6Address = ""
	}
	return n
}
