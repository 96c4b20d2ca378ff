package gcesim

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Balanced is a resource that load balancers are made of.
type Balanced struct {
	Kind        string // as the API has it: "forwardingRule"
	Scope       string // "regions/us-central1"
	Name        string
	Description string
	// Says is what people look at first.
	Says string
	// Port is what a forwarding rule listens on.
	Port string
	// Pool tells that it has Members: the names of VMs.
	Pool    bool
	Members []string
}

// Balancing is every address, health check, backend service, forwarding rule,
// endpoint group and instance group there is, in order of kind, scope and name.
func (s *Sim) Balancing() (out []Balanced) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	add := func(kind string, in shelfKey, name, description, says string) {
		out = append(out, Balanced{Kind: kind, Scope: in.scope.String(), Name: name, Description: description, Says: says})
	}
	pool := func(members []string) {
		slices.Sort(members)
		out[len(out)-1].Pool, out[len(out)-1].Members = true, members
	}
	s.addresses.all(func(in shelfKey, o *address) {
		add("address", in, o.Name, o.Description, o.Address)
	})
	s.lb.checks.all(func(in shelfKey, o *healthCheck) {
		add(healthChecks.kind, in, o.Name, o.Description, o.Type)
	})
	s.lb.backends.all(func(in shelfKey, o *backendService) {
		var groups []string
		for _, b := range o.Backends {
			groups = append(groups, path.Base(path.Dir(path.Dir(b.Group))))
		}
		slices.Sort(groups)
		add(backendServices.kind, in, o.Name, o.Description, o.Protocol+" to the groups in "+strings.Join(groups, " "))
	})
	s.lb.rules.all(func(in shelfKey, o *forwardingRule) {
		ports := cmp.Or(strings.Join(o.Ports, ","), o.PortRange)
		add(forwardingRules.kind, in, o.Name, o.Description, o.IPProtocol+" "+o.IPAddress+" "+ports)
		out[len(out)-1].Port = ports
	})
	s.lb.negs.all(func(in shelfKey, o *endpointGroup) {
		add(endpointGroups.kind, in, o.Name, o.Description, fmt.Sprintf("%d endpoints in %s", len(o.endpoints), in.scope.name))
		var members []string
		for _, e := range o.endpoints {
			members = append(members, e.Instance)
		}
		pool(members)
	})
	s.lb.groups.all(func(in shelfKey, o *instanceGroup) {
		add(instanceGroups.kind, in, o.Name, o.Description, fmt.Sprintf("%d instances in %s", o.Size, in.scope.name))
		pool(slices.Clone(o.members))
	})
	slices.SortFunc(out, func(a, b Balanced) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name))
	})
	return out
}
