package gcesim

import (
	"cmp"
	"slices"
)

// BalancingPart is a resource of load balancing as it is now; addresses and
// firewall rules are not among them.
type BalancingPart struct {
	Collection string // "forwardingRules", "networkEndpointGroups", ...
	// Path is "projects/.../name".
	Path string
	// Members are the names of the VMs in a group.
	Members []string
}

// Balancing is every forwarding rule, backend service, health check, endpoint
// group and instance group, in the order of their paths.
func (s *Sim) Balancing() (out []BalancingPart) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	put := func(collection, link string, members ...string) {
		out = append(out, BalancingPart{collection, pathOf(link), slices.Sorted(slices.Values(members))})
	}
	s.lb.rules.all(func(_ shelfKey, v *forwardingRule) { put("forwardingRules", v.SelfLink) })
	s.lb.backends.all(func(_ shelfKey, v *backendService) { put("backendServices", v.SelfLink) })
	s.lb.checks.all(func(_ shelfKey, v *healthCheck) { put("healthChecks", v.SelfLink) })
	s.lb.groups.all(func(_ shelfKey, v *instanceGroup) { put("instanceGroups", v.SelfLink, v.members...) })
	s.lb.negs.all(func(_ shelfKey, v *endpointGroup) {
		var names []string
		for _, e := range v.endpoints {
			names = append(names, e.Instance)
		}
		put("networkEndpointGroups", v.SelfLink, names...)
	})
	slices.SortFunc(out, func(a, b BalancingPart) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
