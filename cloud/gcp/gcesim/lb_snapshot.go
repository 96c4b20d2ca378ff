package gcesim

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// BalancingPart is a resource of load balancing as it is now.
type BalancingPart struct {
	Collection string // "forwardingRules", "networkEndpointGroups", ...
	// Path is "projects/.../name".
	Path        string
	Name        string
	Description string
	// Says is what people look at first.
	Says string
	// Port is what a forwarding rule listens on.
	Port string
	// Members are the names of the VMs in a group, or the addresses of its
	// endpoints with ports ("10.4.0.7:80").
	Members []string
}

// Group reports whether it has members.
func (p BalancingPart) Group() bool {
	return p.Collection == endpointGroups.collection || p.Collection == instanceGroups.collection
}

// Balancing is every address, forwarding rule, target proxy, backend service, health check,
// endpoint group and instance group, in the order of their paths. Firewall
// rules are among Firewalls.
func (s *Sim) Balancing() (out []BalancingPart) {
	defer s.lock()()
	put := func(collection, link, description, says string, members ...string) {
		at := pathOf(link)
		out = append(out, BalancingPart{Collection: collection, Path: at, Name: path.Base(at), Description: description, Says: says,
			Members: slices.Sorted(slices.Values(members))})
	}
	s.addresses.all(func(_ shelfKey, v *address) { put("addresses", v.SelfLink, v.Description, v.Address) })
	s.lb.rules.all(func(_ shelfKey, v *forwardingRule) {
		ports := cmp.Or(strings.Join(v.Ports, ","), v.PortRange)
		put(forwardingRules.collection, v.SelfLink, v.Description, v.IPProtocol+" "+v.IPAddress+" "+ports)
		out[len(out)-1].Port = ports
	})
	s.lb.proxies.all(func(_ shelfKey, v *targetProxy) {
		put(targetProxies.collection, v.SelfLink, v.Description, "TCP to "+path.Base(v.Service))
	})
	s.lb.backends.all(func(_ shelfKey, v *backendService) {
		var zones []string
		for _, b := range v.Backends {
			zones = append(zones, path.Base(path.Dir(path.Dir(b.Group))))
		}
		slices.Sort(zones)
		put(backendServices.collection, v.SelfLink, v.Description, v.Protocol+" to the groups in "+strings.Join(zones, " "))
	})
	s.lb.checks.all(func(_ shelfKey, v *healthCheck) { put(healthChecks.collection, v.SelfLink, v.Description, v.Type) })
	s.lb.groups.all(func(in shelfKey, v *instanceGroup) {
		put(instanceGroups.collection, v.SelfLink, v.Description, fmt.Sprintf("%d instances in %s", v.Size, in.scope.name), v.members...)
	})
	s.lb.negs.all(func(in shelfKey, v *endpointGroup) {
		var names []string
		for _, e := range v.endpoints {
			names = append(names, e.member())
		}
		put(endpointGroups.collection, v.SelfLink, v.Description, fmt.Sprintf("%d endpoints in %s", len(names), in.scope.name), names...)
	})
	slices.SortFunc(out, func(a, b BalancingPart) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
