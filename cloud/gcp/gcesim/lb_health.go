package gcesim

import (
	"path"
	"slices"
)

// regionBackendServices.getHealth, for one group of a backend service. Checks of
// a passthrough load balancer are sent to its addresses: without a forwarding
// rule nothing is known. A VM answers unless Fail or Config.Answers says otherwise.

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
	HealthState      string `json:"healthState"`
	ForwardingRule   string `json:"forwardingRule"`
	ForwardingRuleIP string `json:"forwardingRuleIp"`
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
	s.lb.rules.every(func(r *forwardingRule) {
		if r.BackendService != b.SelfLink {
			return
		}
		for _, m := range s.membersOf(c, body.Group) {
			if m.HealthState = "HEALTHY"; s.lb.failing[pathOf(m.Instance)] || s.config.Answers != nil && !s.config.Answers(b.Name, path.Base(m.Instance)) {
				m.HealthState = "UNHEALTHY"
			}
			m.ForwardingRule, m.ForwardingRuleIP = r.SelfLink, r.IPAddress
			reply.HealthStatus = append(reply.HealthStatus, m)
		}
	})
	return reply, nil
}

// membersOf are the VMs of a group.
func (s *Sim) membersOf(c *call, group string) (out []healthStatus) {
	link := func(zone scope, name string) string {
		return selfLinkBase + resourcePath(c.Project, zone, "instances", name)
	}
	if r, ok := parseRef(group, c.Project, "networkEndpointGroups"); ok {
		if n, there := s.lb.negs.get(r.project, r.in, r.name); there {
			for _, e := range n.endpoints {
				out = append(out, healthStatus{Instance: link(r.in, e.Instance), IPAddress: e.IPAddress})
			}
		}
	}
	if r, ok := parseRef(group, c.Project, "instanceGroups"); ok {
		if g, there := s.lb.groups.get(r.project, r.in, r.name); there {
			for _, name := range g.members {
				out = append(out, healthStatus{Instance: link(r.in, name)})
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
