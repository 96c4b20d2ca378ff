package gcesim

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// The endpoints of zonal groups: attachNetworkEndpoints and
// detachNetworkEndpoints of the reference of networkEndpointGroups.

type endpointsBody struct {
	NetworkEndpoints []groupEndpoint `json:"networkEndpoints"`
}

func attachEndpoints(s *Sim, c *call) (any, *APIError) {
	return s.changeEndpoints(c, "attachNetworkEndpoints", func(n *endpointGroup, asked []groupEndpoint) ([]groupEndpoint, *APIError) {
		for i := range asked {
			if refusal := s.checkEndpoint(c, n, &asked[i]); refusal != nil {
				return nil, refusal
			}
		}
		return append(slices.Clone(n.endpoints), asked...), nil
	})
}

func detachEndpoints(s *Sim, c *call) (any, *APIError) {
	return s.changeEndpoints(c, "detachNetworkEndpoints", func(n *endpointGroup, asked []groupEndpoint) ([]groupEndpoint, *APIError) {
		out := slices.Clone(n.endpoints)
		for _, e := range asked {
			at := slices.IndexFunc(out, func(x groupEndpoint) bool { return e.names(n, x) })
			if at < 0 && slices.ContainsFunc(n.leaving, func(l leavingEndpoint) bool { return e.names(n, l.groupEndpoint) }) {
				continue
			}
			if at < 0 {
				return nil, invalidField("resource.networkEndpoints", e.Instance, "The network endpoint is not attached to the network endpoint group.")
			}
			out = slices.Delete(out, at, at+1)
		}
		return out, nil
	})
}

// names reports whether a request for e means x.
func (e groupEndpoint) names(n *endpointGroup, x groupEndpoint) bool {
	return x.Instance == e.Instance && (e.IPAddress == "" || x.IPAddress == e.IPAddress) && x.Port == cmp.Or(e.Port, n.DefaultPort)
}

// changeEndpoints: one bad endpoint fails the whole batch.
func (s *Sim) changeEndpoints(c *call, kind string, next func(*endpointGroup, []groupEndpoint) ([]groupEndpoint, *APIError)) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	n, refusal := endpointGroups.target(s, c)
	if refusal != nil {
		return nil, refusal
	}
	var body endpointsBody
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	if k := len(body.NetworkEndpoints); k == 0 || k > maxEndpointsBatch {
		return nil, invalidField("resource.networkEndpoints", fmt.Sprint(k), "Between 1 and %d network endpoints can be given.", maxEndpointsBatch)
	}
	after, refusal := next(n, body.NetworkEndpoints)
	if refusal != nil {
		return nil, refusal
	}
	if len(after) > maxEndpoints {
		return nil, invalidField("resource.networkEndpoints", fmt.Sprint(len(after)), "A network endpoint group can have at most %d endpoints.", maxEndpoints)
	}
	slices.SortFunc(after, groupEndpoint.compare)
	return s.begin(c, change{kind: kind, path: pathOf(n.SelfLink), targetID: n.ID, apply: func() *OperationError {
		now, ok := s.lb.negs.get(c.Project, c.in, n.Name)
		if !ok {
			return nil
		}
		done := *now
		after = slices.DeleteFunc(after, func(e groupEndpoint) bool { // gone meanwhile
			_, there := s.instances.get(c.Project, c.in, e.Instance)
			return !there
		})
		done.let(after, s.clock.Now(), s.drainOf(n))
		s.lb.negs.put(s.clock.Now(), c.Project, c.in, &done)
		return nil
	}, lasting: s.draining(c.Project, c.in, n.Name, body.NetworkEndpoints)})
}

// checkEndpoint wants a VM of the group's zone, and of its interface in the
// group's subnetwork the primary address, or, with a port, that or one of an
// alias range.
func (s *Sim) checkEndpoint(c *call, n *endpointGroup, e *groupEndpoint) *APIError {
	field := "resource.networkEndpoints"
	if n.NetworkEndpointType == "GCE_VM_IP" && e.Port != 0 {
		return invalidField(field, fmt.Sprint(e.Port), "Port cannot be specified for network endpoint type GCE_VM_IP.")
	}
	if n.NetworkEndpointType == "GCE_VM_IP_PORT" {
		if e.Port = cmp.Or(e.Port, n.DefaultPort); e.Port < 1 || e.Port > 65535 {
			return invalidField(field+".port", fmt.Sprint(e.Port), "A port between 1 and 65535 must be specified, as the network endpoint group has no default port.")
		}
	}
	if e.Instance == "" {
		return required(field + ".instance")
	}
	i, ok := s.instances.get(c.Project, c.in, e.Instance)
	if !ok {
		return notFound(c.path("instances", e.Instance))
	}
	at := slices.IndexFunc(i.NetworkInterfaces, func(x networkInterface) bool { return x.Subnetwork == n.Subnetwork })
	if at >= 0 && e.IPAddress == "" {
		e.IPAddress = i.NetworkInterfaces[at].NetworkIP
	}
	if at < 0 || !s.endpointAddress(n, i.NetworkInterfaces[at], e.IPAddress) {
		return invalid("Specified IP address %s doesn't belong to the (sub)network %s or to the instance %s., invalid", e.IPAddress, n.Subnetwork, e.Instance)
	}
	if slices.ContainsFunc(n.endpoints, func(x groupEndpoint) bool { return x == *e }) {
		return invalidField(field, e.Instance, "The network endpoint is already attached to the network endpoint group.")
	}
	return nil
}

func (s *Sim) endpointAddress(n *endpointGroup, nic networkInterface, text string) bool {
	if n.NetworkEndpointType == "GCE_VM_IP" {
		return text == nic.NetworkIP
	}
	a, err := netip.ParseAddr(text)
	return err == nil && (text == nic.NetworkIP || slices.ContainsFunc(nic.AliasIPRanges, func(r aliasRange) bool { return mustPrefix(r.IPCidrRange).Contains(a) }))
}

// member is an endpoint as snapshots have it.
func (e groupEndpoint) member() string {
	if e.Port == 0 {
		return e.Instance
	}
	return net.JoinHostPort(e.IPAddress, strconv.Itoa(e.Port))
}
