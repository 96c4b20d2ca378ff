package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Pools are the target groups of every balancer that carries the set: EC2
// has no pool that balancers share. Those of one balancer share its limit.
func (v balancers) Pools(nodes lb.NodeSet, got lb.State) []lb.Resource {
	var pools []lb.Resource
	count, current := map[user]int{}, map[user][]string{}
	users := usersOf(got)
	alone := soleBalancers(got)
	for _, x := range got.Sorted() {
		if x.Kind == kindPool && x.Owner.ClusterID == nodes.ClusterID && x.Fields.One(fieldSet) == nodes.Name {
			pools = append(pools, x)
			by := users(x, alone)
			count[by]++
			current[by] = append(current[by], x.Members...)
		}
	}
	zones := v.zonesOf(got)
	var out []lb.Resource
	for _, x := range pools {
		by := users(x, alone)
		in := zones[by]
		if len(in) == 0 { // of no balancer, or of one that is not there
			in = zones[user{owner: x.Owner}]
		}
		x.Members, x.Fields = membersOf(nodes, x.Owner, in, count[by], current[by]), nil
		out = append(out, x)
	}
	return out
}

// user is the balancer that sends to a target group; of no name for a group
// that none sends to.
type user struct {
	owner    cloud.Owner
	balancer string
}

// soleBalancers are those of owners that have one.
func soleBalancers(got lb.State) map[cloud.Owner]string {
	all := map[cloud.Owner][]string{}
	for ref, x := range got {
		if ref.Kind == kindBalancer {
			all[x.Owner] = append(all[x.Owner], ref.Name)
		}
	}
	out := map[cloud.Owner]string{}
	for o, names := range all {
		if len(names) == 1 {
			out[o] = names[0]
		}
	}
	return out
}

// usersOf finds for target groups which balancer sends to them, or is about to:
// all that one has share its limit.
func usersOf(got lb.State) func(pool lb.Resource, alone map[cloud.Owner]string) user {
	balancers := map[lb.Ref]string{}
	for ref, x := range got {
		if ref.Kind == kindListener {
			for _, used := range x.Uses {
				balancers[used] = x.Within.Name
			}
		}
	}
	return func(pool lb.Resource, alone map[cloud.Owner]string) user {
		return user{pool.Owner, cmp.Or(balancers[pool.Ref], alone[pool.Owner])}
	}
}

// zonesOf are the zones that each balancer is in, and those of each owner's
// together.
func (v balancers) zonesOf(got lb.State) map[user]map[string]bool {
	out := map[user]map[string]bool{}
	for ref, x := range got {
		if ref.Kind != kindBalancer {
			continue
		}
		for _, by := range []user{{x.Owner, ref.Name}, {owner: x.Owner}} {
			if out[by] == nil {
				out[by] = map[string]bool{}
			}
			for _, text := range x.Fields[fieldSubnets] {
				out[by][got[lb.Ref{Kind: kindSubnet, Name: parseZone(text).subnet}].Fields.One(fieldZone)] = true
			}
		}
	}
	return out
}

// perGroup is how many members each of so many target groups of a balancer can
// have.
func perGroup(groups int) int { return maxTargets / max(1, groups) }

// inZones are the nodes that a balancer in these zones can send to.
func inZones(nodes lb.NodeSet, zones map[string]bool) []lb.Node {
	return slices.DeleteFunc(slices.Clone(nodes.Nodes), func(n lb.Node) bool { return len(zones) > 0 && n.Zone != "" && !zones[n.Zone] })
}

// membersOf chooses the instances for target groups, so many of one balancer.
func membersOf(nodes lb.NodeSet, owner cloud.Owner, zones map[string]bool, groups int, current []string) []string {
	held := map[string]bool{}
	for _, id := range current {
		held[id] = true
	}
	holds := func(id string) bool { return held[instanceOf(id)] }
	all := inZones(nodes, zones)
	share := lb.Share{Salt: fmt.Sprint(owner), AtMost: perGroup(groups), Holds: holds}
	takes, known := nodes.Takes[owner]
	switch {
	case nodes.Takes != nil && !known:
		all = slices.DeleteFunc(all, func(n lb.Node) bool { return !holds(n.ProviderID) })
	case takes > 0:
		share.Nodes, share.Load = takes, func(id string) int { return nodes.Load[instanceOf(id)] }
	}
	members := []string{}
	for _, n := range share.Of(all) {
		members = append(members, instanceOf(n.ProviderID))
	}
	slices.Sort(members)
	return members
}

// instanceOf is the instance of a provider ID.
func instanceOf(providerID string) string { return providerID[strings.LastIndex(providerID, "/")+1:] }
