package gcesim

import (
	"slices"
)

// regionBackendServices.getHealth, for one group of a backend service. Checks of
// a passthrough load balancer are sent to its addresses, those of a proxy to the
// endpoints themselves: without a forwarding rule nothing is known of either. A
// VM answers unless Fail or Config.Answers says otherwise.

type groupBody struct {
	Group string `json:"group"`
}

type groupHealth struct {
	Kind         string         `json:"kind"`
	HealthStatus []healthStatus `json:"healthStatus,omitempty"`
}

type healthStatus struct {
	Instance         string `json:"instance"`
	IPAddress        string `json:"ipAddress,omitempty"`
	Port             int    `json:"port,omitempty"`
	HealthState      string `json:"healthState"`
	ForwardingRule   string `json:"forwardingRule,omitempty"`
	ForwardingRuleIP string `json:"forwardingRuleIp,omitempty"`
}

func getHealth(s *Sim, c *call) (any, *APIError) {
	b, ok := lookBack(s, c, s.lb.backends.table).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("backendServices", c.Resource))
	}
	var body groupBody
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	if !slices.ContainsFunc(b.Backends, func(one backend) bool { return one.Group == body.Group }) {
		return nil, invalidField("resource.group", body.Group, "The group is not a backend of the backend service.")
	}
	reply := groupHealth{Kind: kindPrefix + "backendServiceGroupHealth"}
	for _, r := range s.rulesTo(b) {
		for _, m := range s.membersOf(c, b, body.Group) {
			if !managed(b.LoadBalancingScheme) {
				m.ForwardingRule, m.ForwardingRuleIP = r.SelfLink, r.IPAddress
			}
			reply.HealthStatus = append(reply.HealthStatus, m)
		}
		if managed(b.LoadBalancingScheme) { // checked once, whatever leads there
			break
		}
	}
	return reply, nil
}

// answers is what checks of a backend service find of a member: a VM by its
// name, or an endpoint by its address and port.
func (s *Sim) answers(b *backendService, vm, member string) string {
	if s.lb.failing[vm] || s.config.Answers != nil && !s.config.Answers(b.Name, member) {
		return "UNHEALTHY"
	}
	return "HEALTHY"
}

// membersOf are the VMs or endpoints of a group.
func (s *Sim) membersOf(c *call, b *backendService, group string) (out []healthStatus) {
	put := func(zone scope, name, member string, m healthStatus) {
		vm := resourcePath(c.Project, zone, "instances", name)
		m.Instance, m.HealthState = selfLinkBase+vm, s.answers(b, vm, member)
		out = append(out, m)
	}
	if r, ok := parseRef(group, c.Project, "networkEndpointGroups"); ok {
		if n, there := s.lb.negs.get(r.project, r.in, r.name); there {
			for _, e := range n.endpoints {
				put(r.in, e.Instance, e.member(), healthStatus{IPAddress: e.IPAddress, Port: e.Port})
			}
		}
	}
	if r, ok := parseRef(group, c.Project, "instanceGroups"); ok {
		if g, there := s.lb.groups.get(r.project, r.in, r.name); there {
			for _, name := range g.members {
				put(r.in, name, name, healthStatus{})
			}
		}
	}
	return out
}

// Fail makes a VM answer health checks no longer, or again.
func (s *Sim) Fail(project, zone, name string, failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lb.failing[resourcePath(project, scope{"zones", zone}, "instances", name)] = failing
}
