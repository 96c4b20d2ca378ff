package awssim

import (
	"slices"
	"strings"
)

func createTags(s *Sim, c *call) (any, *APIError) {
	return s.retag(c, func(have tags) tags {
		for _, x := range c.pairs("Tag") {
			have = have.with(x.Key, x.Value)
		}
		return have
	})
}

// deleteTags deletes by key, and by value where one is given.
func deleteTags(s *Sim, c *call) (any, *APIError) {
	gone := c.pairs("Tag")
	return s.retag(c, func(have tags) tags {
		return slices.DeleteFunc(slices.Clone(have), func(x tag) bool {
			return slices.ContainsFunc(gone, func(g tag) bool { return g.Key == x.Key && (g.Value == "" || g.Value == x.Value) })
		})
	})
}

// retag changes the tags of every resource that the call names, or of none.
func (s *Sim) retag(c *call, change func(tags) tags) (any, *APIError) {
	ids := c.list("ResourceId")
	if len(ids) == 0 {
		return nil, missing("resourceIdSet")
	}
	var all []func()
	for _, id := range ids {
		do, refusal := s.tagger(c, id, change)
		if refusal != nil {
			return nil, refusal
		}
		all = append(all, do)
	}
	for _, do := range all {
		do()
	}
	return returnReply{requestID, true}, nil
}

func (s *Sim) tagger(c *call, id string, change func(tags) tags) (func(), *APIError) {
	kind, _, _ := strings.Cut(id, "-")
	switch kind + "-" {
	case vpcIDs.prefix:
		return retagger(s, c, s.vpcs, vpcIDs, id, change, func(v vpc, t tags) *vpc { v.Tags = t; return &v })
	case subnetIDs.prefix:
		return retagger(s, c, s.subnets, subnetIDs, id, change, func(v subnet, t tags) *subnet { v.Tags = t; return &v })
	case reservationIDs.prefix:
		return retagger(s, c, s.reservations, reservationIDs, id, change, func(v reservation, t tags) *reservation { v.Tags = t; return &v })
	case interfaceIDs.prefix:
		return retagger(s, c, s.interfaces, interfaceIDs, id, change, func(v networkInterface, t tags) *networkInterface { v.Tags = t; return &v })
	case instanceIDs.prefix:
		return retagger(s, c, s.instances, instanceIDs, id, change, func(v instance, t tags) *instance { v.Tags = t; return &v })
	case tableIDs.prefix:
		return retagger(s, c, s.routeTables, tableIDs, id, change, func(v routeTable, t tags) *routeTable { v.Tags = t; return &v })
	case groupIDs.prefix:
		return retagger(s, c, s.groups, groupIDs, id, change, func(v securityGroup, t tags) *securityGroup { v.Tags = t; return &v })
	case elasticIDs.prefix:
		return retagger(s, c, s.elasticIPs, elasticIDs, id, change, func(v elasticIP, t tags) *elasticIP { v.Tags = t; return &v })
	}
	return nil, refuse("InvalidID", "The ID '%s' is not valid", id)
}

func retagger[V any, T interface {
	*V
	resource
}](s *Sim, c *call, in *table[T], kind idKind, id string, change func(tags) tags, with func(V, tags) *V) (func(), *APIError) {
	v, ok := see(s, c, in).get(id)
	if !ok {
		return nil, kind.notFound(id)
	}
	next := change(v.tagged())
	return func() { in.put(with(*v, next)) }, next.check()
}
