package gcesim

import (
	"maps"
	"slices"
)

// getProject answers a project with the quotas that are enforced; the usage is
// the highest of its networks, since these quotas count per network.
func getProject(s *Sim, c *call) (any, *APIError) {
	number := s.projects[c.Project]
	p := &project{
		Kind: kindPrefix + "project", ID: number, Name: c.Project,
		SelfLink: selfLinkBase + "projects/" + c.Project, XpnProjectStatus: "UNSPECIFIED_XPN_PROJECT_STATUS",
	}
	usage := map[string]int{}
	s.networks.all(func(in shelfKey, n *network) {
		if in.project != c.Project {
			return
		}
		sp := s.spaceOf(n.path())
		usage[QuotaSubnetRanges] = max(usage[QuotaSubnetRanges], sp.subnets)
		usage[QuotaAliases] = max(usage[QuotaAliases], sp.aliases)
		usage[QuotaInstances] = max(usage[QuotaInstances], sp.vms)
		static := 0
		for _, r := range s.routesOf(n, "") {
			if r.static() {
				static++
			}
		}
		usage[QuotaStaticRoutes] = max(usage[QuotaStaticRoutes], static)
	})
	usage[QuotaFirewalls] = s.countFirewalls(c.Project)
	for _, metric := range slices.Sorted(maps.Keys(s.quotas)) {
		p.Quotas = append(p.Quotas, quota{
			Metric: metric, Limit: new(float64(s.quotas[metric])), Usage: new(float64(usage[metric])),
		})
	}
	return p, nil
}

func (s *Sim) places(projectName, kind string) *table[*place] {
	t := newTable[*place](0)
	base := selfLinkBase + "projects/" + projectName + "/"
	for _, in := range s.scopes([]string{kind}) {
		p := &place{
			Kind: kindPrefix + kind[:len(kind)-1], Name: in.name, Status: "UP",
			SelfLink: base + in.String(), ID: 1000 + uint64(len(t.shelves)),
		}
		if region, ok := s.regionOf(in.name); ok {
			p.Region = base + "regions/" + region
		}
		for _, zone := range s.config.Regions[in.name] {
			p.Zones = append(p.Zones, base+"zones/"+zone)
		}
		t.put(s.clock.Now(), projectName, scope{}, p)
	}
	return t
}

func listPlaces(kind string) handler {
	return func(s *Sim, c *call) (any, *APIError) {
		return list(s, c, s.places(c.Project, kind), kind[:len(kind)-1], kind)
	}
}

func getPlace(kind string) handler {
	return func(s *Sim, c *call) (any, *APIError) {
		p, ok := s.places(c.Project, kind).get(c.Project, scope{}, c.Resource)
		if !ok {
			return nil, notFound("projects/" + c.Project + "/" + kind + "/" + c.Resource)
		}
		return p, nil
	}
}

var (
	listRegions, getRegion = listPlaces("regions"), getPlace("regions")
	listZones, getZone     = listPlaces("zones"), getPlace("zones")
)
