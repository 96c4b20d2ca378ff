package gcesim

import (
	"fmt"
	"slices"
	"strings"
)

// Unmanaged instance groups, as the reference of instanceGroups has them.
var instanceGroups = &lbKind[instanceGroup, *instanceGroup]{
	kind: "instanceGroup", collection: "instanceGroups", quota: QuotaInstanceGroups,
	shelf: func(s *Sim) *lbShelf[*instanceGroup] { return s.lb.groups },
	complete: func(s *Sim, at spot, g, _ *instanceGroup) *APIError {
		if g.Network != "" {
			n, refusal := s.findNetwork(g.Network, at.project)
			if refusal != nil {
				return refusal
			}
			g.Network = n.SelfLink
		}
		g.Size, g.members, g.Subnetwork = 0, nil, ""
		return nil
	},
	user: func(s *Sim, g *instanceGroup) string { return s.backendWith(g.SelfLink) },
}

const maxGroupMembers = 2000 // VMs of an unmanaged zonal group: load balancing quotas page

type instancesBody struct {
	Instances []instanceLink `json:"instances"`
}

type instanceLink struct {
	Instance string `json:"instance"`
	Status   string `json:"status,omitempty"`
}

func addMembers(s *Sim, c *call) (any, *APIError) {
	return s.changeMembers(c, "addInstances", func(next *instanceGroup, i *instance) *APIError {
		if slices.Contains(next.members, i.Name) {
			return refuse(400, "memberAlreadyExists", "Instance '%s' is already a member of '%s'.", pathOf(i.SelfLink), pathOf(next.SelfLink))
		}
		nic := i.NetworkInterfaces[0]
		if len(next.members) == 0 {
			next.Network, next.Subnetwork = orDefault(next.Network, nic.Network), nic.Subnetwork
		}
		if nic.Network != next.Network || nic.Subnetwork != next.Subnetwork {
			return invalidField("resource.instances", i.SelfLink, "All instances of a group must be in the same network and subnetwork.")
		}
		next.members = append(next.members, i.Name)
		if len(next.members) > maxGroupMembers {
			return invalidField("resource.instances", fmt.Sprint(len(next.members)), "An instance group can have at most %d instances.", maxGroupMembers)
		}
		if s.backendWith(next.SelfLink) != "" {
			return s.onlyGroup(next, "")
		}
		return nil
	})
}

func removeMembers(s *Sim, c *call) (any, *APIError) {
	return s.changeMembers(c, "removeInstances", func(next *instanceGroup, i *instance) *APIError {
		at := slices.Index(next.members, i.Name)
		if at < 0 {
			return refuse(400, "memberNotFound", "Instance '%s' is not a member of '%s'.", pathOf(i.SelfLink), pathOf(next.SelfLink))
		}
		next.members = slices.Delete(next.members, at, at+1)
		return nil
	})
}

func (s *Sim) changeMembers(c *call, kind string, each func(*instanceGroup, *instance) *APIError) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	g, refusal := instanceGroups.target(s, c)
	if refusal != nil {
		return nil, refusal
	}
	var body instancesBody
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	if len(body.Instances) == 0 {
		return nil, required("resource.instances")
	}
	next := *g
	next.members = slices.Clone(g.members)
	for _, link := range body.Instances {
		r, ok := parseRef(link.Instance, c.Project, "instances")
		if !ok || r.in != c.in || r.project != c.Project {
			return nil, invalidField("resource.instances", link.Instance, "The URL is malformed, or of another zone.")
		}
		i, ok := s.instances.get(r.project, r.in, r.name)
		if !ok {
			return nil, notFound(r.path("instances"))
		}
		if refusal := each(&next, i); refusal != nil {
			return nil, refusal
		}
	}
	slices.Sort(next.members)
	next.Size, next.Fingerprint = len(next.members), s.fingerprint()
	return s.begin(c, change{kind: kind, path: pathOf(g.SelfLink), targetID: g.ID, apply: func() *OperationError {
		next.members = slices.DeleteFunc(next.members, func(name string) bool { // gone meanwhile
			_, there := s.instances.get(c.Project, c.in, name)
			return !there
		})
		next.Size = len(next.members)
		s.lb.groups.put(s.clock.Now(), c.Project, c.in, &next)
		return nil
	}})
}

// onlyGroup: a VM may belong to at most one instance group that is a backend.
func (s *Sim) onlyGroup(g *instanceGroup, backend string) (refusal *APIError) {
	s.lb.groups.all(func(_ shelfKey, other *instanceGroup) {
		if other.SelfLink == g.SelfLink || other.Zone != g.Zone || s.backendWith(other.SelfLink) == "" {
			return
		}
		for _, name := range g.members {
			if slices.Contains(other.members, name) {
				refusal = invalidField("resource.backends", g.SelfLink, "Validation failed for instance '%s': instance may belong to at most one load-balanced instance group.", name)
			}
		}
	})
	return refusal
}

func listMembers(s *Sim, c *call) (any, *APIError) {
	g, ok := lookBack(s, c, s.lb.groups.table).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("instanceGroups", c.Resource))
	}
	var body struct {
		InstanceState string `json:"instanceState"`
	}
	if refusal := decodeChoice(c, &body, "instanceState", &body.InstanceState, "ALL"); refusal != nil {
		return nil, refusal
	}
	var out []instanceLink
	for _, name := range g.members {
		out = append(out, instanceLink{selfLinkBase + c.path("instances", name), "RUNNING"})
	}
	items, next, refusal := numberedPage(c, out)
	return listReply{
		Kind: kindPrefix + "instanceGroupsListInstances", SelfLink: selfLinkBase + strings.TrimSuffix(c.path("", ""), "/"),
		Items: items, NextPageToken: next,
	}, refusal
}

// decodeChoice reads a body that says how members are to be listed, which is
// by one of the known words.
func decodeChoice(c *call, body any, name string, choice *string, known ...string) *APIError {
	if len(c.body) == 0 {
		return nil
	}
	if refusal := decode(c, body); refusal != nil {
		return refusal
	}
	if *choice != "" && !slices.Contains(known, *choice) {
		return invalidField("resource."+name, *choice, "This simulator knows %s.", strings.Join(known, " and "))
	}
	return nil
}

// forgetInstance takes a VM that is gone out of every group.
func (s *Sim) forgetInstance(project string, in scope, name string) {
	now := s.clock.Now()
	s.lb.negs.all(func(at shelfKey, n *endpointGroup) {
		of := func(l leavingEndpoint) bool { return l.Instance == name }
		if at != (shelfKey{project, in}) || !slices.ContainsFunc(n.leaving, of) && !slices.ContainsFunc(n.endpoints, func(e groupEndpoint) bool { return e.Instance == name }) {
			return
		}
		next := *n
		next.leaving = slices.DeleteFunc(slices.Clone(n.leaving), of)
		next.endpoints = slices.DeleteFunc(slices.Clone(n.endpoints), func(e groupEndpoint) bool { return e.Instance == name })
		next.Size = len(next.endpoints)
		s.lb.negs.put(now, project, in, &next)
	})
	s.lb.groups.all(func(at shelfKey, g *instanceGroup) {
		if at != (shelfKey{project, in}) || !slices.Contains(g.members, name) {
			return
		}
		next := *g
		next.members = slices.DeleteFunc(slices.Clone(g.members), func(m string) bool { return m == name })
		next.Size = len(next.members)
		s.lb.groups.put(now, project, in, &next)
	})
}
