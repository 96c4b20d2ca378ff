package gcesim

import (
	"reflect"
	"slices"
	"strings"
)

func (o *firewall) path() string { return strings.TrimPrefix(o.SelfLink, selfLinkBase) }

func getFirewall(s *Sim, c *call) (any, *APIError) {
	f, ok := lookBack(s, c, s.firewalls).get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(c.path("firewalls", c.Resource))
	}
	return f, nil
}

func listFirewalls(s *Sim, c *call) (any, *APIError) {
	return list(s, c, s.firewalls, "firewall", "firewalls")
}

func insertFirewall(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	var body firewall
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	f, refusal := s.newFirewall(c.Project, body)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "insert", path: f.path(), targetID: f.ID, apply: func() *OperationError {
		s.firewalls.put(s.clock.Now(), c.Project, global, f)
		return nil
	}})
}

func (s *Sim) newFirewall(project string, body firewall) (*firewall, *APIError) {
	if refusal := checkName(body.Name); refusal != nil {
		return nil, refusal
	}
	path := resourcePath(project, global, "firewalls", body.Name)
	if _, ok := s.firewalls.get(project, global, body.Name); ok || s.isBusy(path) {
		return nil, alreadyExists(path)
	}
	n, refusal := s.findNetwork(orDefault(body.Network, "global/networks/default"), project)
	if refusal != nil {
		return nil, refusal
	}
	if limit := s.quotas[QuotaFirewalls]; s.countFirewalls(project) >= limit {
		return nil, overQuota(QuotaFirewalls, limit)
	}
	f := body
	f.Kind, f.ID, f.CreationTimestamp = kindPrefix+"firewall", s.nextID(), s.stamp()
	f.SelfLink, f.Network, f.Direction = selfLinkBase+path, n.SelfLink, orDefault(f.Direction, "INGRESS")
	if f.Priority == nil {
		f.Priority = new(uint32(1000))
	}
	return &f, f.complete()
}

func (s *Sim) countFirewalls(project string) (n int) {
	s.firewalls.all(func(in shelfKey, _ *firewall) {
		if in.project == project {
			n++
		}
	})
	return n
}

// firewallOf returns a rule of the network; a network with rules cannot be
// deleted.
func (s *Sim) firewallOf(n *network) (found *firewall) {
	s.firewalls.all(func(_ shelfKey, f *firewall) {
		if f.Network == n.SelfLink {
			found = f
		}
	})
	return found
}

// fixedInFirewall cannot be changed once the rule is there (firewalls.patch).
var fixedInFirewall = []string{"kind", "id", "creationTimestamp", "name", "selfLink", "network", "direction"}

// patchFirewall is a merge patch without a fingerprint: the last writer wins.
// A list replaces the whole list, an empty one clears it.
func patchFirewall(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("firewalls", c.Resource)
	old, ok := s.firewalls.get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	var asked firewall
	present, refusal := decodeFields(c, &asked)
	if refusal != nil {
		return nil, refusal
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	next := *old
	fields := jsonFields(reflect.TypeFor[firewall]())
	for name := range present {
		to, from := reflect.ValueOf(&next).Elem().Field(fields[name]), reflect.ValueOf(asked).Field(fields[name])
		if !slices.Contains(fixedInFirewall, name) {
			to.Set(from)
		} else if !reflect.DeepEqual(to.Interface(), from.Interface()) {
			return nil, invalidField("resource."+name, from.String(), "The field cannot be modified.")
		}
	}
	if refusal := next.complete(); refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "patch", path: path, targetID: old.ID, apply: func() *OperationError {
		s.firewalls.put(s.clock.Now(), c.Project, global, &next)
		return nil
	}})
}

func deleteFirewall(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("firewalls", c.Resource)
	f, ok := s.firewalls.get(c.Project, global, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	return s.begin(c, change{kind: "delete", path: path, targetID: f.ID, apply: func() *OperationError {
		s.firewalls.del(s.clock.Now(), c.Project, global, f.Name)
		return nil
	}})
}
