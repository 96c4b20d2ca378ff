package gcesim

import (
	"cmp"
	"slices"
)

// networkEndpointGroups.listNetworkEndpoints, which can say how each endpoint
// is for every backend service that has the group.

type listedEndpoint struct {
	NetworkEndpoint groupEndpoint    `json:"networkEndpoint"`
	Healths         []endpointHealth `json:"healths,omitempty"`
}

type endpointHealth struct {
	BackendService backendRef `json:"backendService"`
	HealthState    string     `json:"healthState"`
}

type backendRef struct {
	BackendService string `json:"backendService"`
}

func listEndpoints(s *Sim, c *call) (any, *APIError) {
	n, ok := lookBack(s, c, s.lb.negs.table).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("networkEndpointGroups", c.Resource))
	}
	var body struct {
		HealthStatus string `json:"healthStatus"`
	}
	if refusal := decodeChoice(c, &body, "healthStatus", &body.HealthStatus, "SKIP", "SHOW"); refusal != nil {
		return nil, refusal
	}
	var services []*backendService
	if body.HealthStatus == "SHOW" {
		services = s.servicesOf(n)
	}
	var out []listedEndpoint
	for _, e := range n.listed() {
		one := listedEndpoint{NetworkEndpoint: e}
		for _, b := range services {
			one.Healths = append(one.Healths, endpointHealth{backendRef{b.SelfLink}, s.stateOf(c, b, n, e)})
		}
		out = append(out, one)
	}
	items, next, refusal := numberedPage(c, out)
	return listReply{Kind: kindPrefix + "networkEndpointGroupsListNetworkEndpoints", Items: items, NextPageToken: next}, refusal
}

// listed are the endpoints that are attached and those that drain.
func (o *endpointGroup) listed() []groupEndpoint {
	out := slices.Clone(o.endpoints)
	for _, l := range o.leaving {
		out = append(out, l.groupEndpoint)
	}
	slices.SortFunc(out, groupEndpoint.compare)
	return out
}

func (e groupEndpoint) compare(x groupEndpoint) int {
	return cmp.Or(cmp.Compare(e.Instance, x.Instance), cmp.Compare(e.IPAddress, x.IPAddress), cmp.Compare(e.Port, x.Port))
}

func (s *Sim) stateOf(c *call, b *backendService, n *endpointGroup, e groupEndpoint) string {
	switch {
	case n.drains(e):
		return "DRAINING"
	case len(s.rulesTo(b)) == 0:
		return "UNKNOWN"
	}
	return s.answers(b, c.path("instances", e.Instance), e.member())
}
