package cloudtest

import (
	"errors"
	"net/netip"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// endpointsOf are pods on the set's machines, so many on each, with ports from
// first on. They have the machines' own addresses, which both clouds take.
func (c *balancing) endpointsOf(name string, each int, first uint16) lb.Endpoints {
	e := lb.Endpoints{Owner: cloud.Owner{ClusterID: lbCluster, Kind: "EndpointGroup", Namespace: "web", Name: name}, Protocol: lb.TCP, Family: lb.IPv4, Nodes: c.set.Nodes}
	for _, n := range c.set.Nodes {
		for i := range each {
			e.List = append(e.List, lb.Endpoint{AddrPort: netip.AddrPortFrom(n.Addresses[0], first+uint16(i)), Node: n})
		}
	}
	return e
}

// keep makes the groups and has them hold the endpoints; left are those that the
// cloud does not take.
func (c *balancing) keep(e lb.Endpoints) (left []members.Left, err error) {
	got := c.read()
	groups, left, err := c.Balancers.EndpointGroups(e, got)
	if err != nil {
		return left, err
	}
	plan := lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: e.Owner, Want: groups, Keep: true})
	if err := lb.Run(c.ctx, c.Balancers, plan, got); err != nil {
		return left, err
	}
	for _, change := range c.endpointChanges(e) {
		r := members.Run(c.ctx, c.Balancers, change)
		left, err = append(left, r.Left...), errors.Join(err, r.Err)
	}
	return left, err
}

// endpointChanges are what is to change of what the groups hold.
func (c *balancing) endpointChanges(e lb.Endpoints) []members.Change {
	got := c.read()
	groups, _, err := c.Balancers.EndpointGroups(e, got)
	c.must(err)
	var wanted []members.Wanted
	for _, g := range groups {
		if r, there := got[g.Ref]; there {
			has, err := c.Balancers.List(c.ctx, r.Group())
			c.must(err)
			wanted = append(wanted, members.Wanted{Group: r.Group(), Has: has, Want: g.Members})
		}
	}
	return members.Plan(c.Balancers.Limits(), wanted, nil)
}

func (c *balancing) holdNothingElse(e lb.Endpoints) {
	c.Helper()
	if plan := c.plannedGroups(e); len(plan) > 0 {
		c.Errorf("there is still to do:\n%s", plan)
	}
	if changes := c.endpointChanges(e); len(changes) > 0 {
		c.Errorf("groups hold something else: %v", changes)
	}
}

func (c *balancing) plannedGroups(e lb.Endpoints) lb.Actions {
	got := c.read()
	groups, _, err := c.Balancers.EndpointGroups(e, got)
	c.must(err)
	return lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: e.Owner, Want: groups, Keep: true})
}

// endpointsComeAndGo: groups are there before the first pod, hold what they are
// to hold, stay when the last one is gone, and go with their owner.
func endpointsComeAndGo(c *balancing) {
	c.nodes(3)
	none := c.endpointsOf("shop", 0, 0)
	_, err := c.keep(none)
	c.must(err)
	made := ours(c.read())
	if len(made) == 0 {
		c.Error("no group is there before the first pod")
	}
	for _, e := range []lb.Endpoints{c.endpointsOf("shop", 2, 8000), c.endpointsOf("shop", 2, 8001), none} {
		if left, err := c.keep(e); err != nil || len(left) > 0 {
			c.Errorf("%d endpoints: %v, left %v", len(e.List), err, left)
		}
		c.holdNothingElse(e)
	}
	if now := ours(c.read()); len(now) != len(made) {
		c.Errorf("groups came and went with the pods: %v, then %v", made, now)
	}
	got := c.read()
	c.must(lb.Run(c.ctx, c.Balancers, lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: none.Owner}), got))
	if left := ours(c.read()); len(left) > 0 {
		c.Errorf("left over: %v", left)
	}
}

// oneBadEndpointHoldsNobodyUp: an address that the cloud does not know is left
// out, and all others are attached.
func oneBadEndpointHoldsNobodyUp(c *balancing) {
	c.nodes(2)
	e := c.endpointsOf("shop", 3, 8000)
	bad := lb.Endpoint{AddrPort: netip.MustParseAddrPort("203.0.113.7:80"), Node: c.set.Nodes[0]}
	whole := e
	whole.List = slices.Insert(slices.Clone(e.List), 2, bad)
	left, err := c.keep(whole)
	if err != nil || len(left) != 1 || left[0].Err == nil {
		c.Errorf("%v, left %v", err, left)
	}
	c.holdNothingElse(e)
}

// machinesOfElsewhereFitNowhere: what is on a machine of another network is not
// attached by its address alone, which somebody else may have here.
func machinesOfElsewhereFitNowhere(c *balancing) {
	c.nodes(2)
	e, first := c.endpointsOf("shop", 1, 8000), c.set.Nodes[0]
	name := path.Base(first.ProviderID)
	there := lb.Node{ProviderID: strings.TrimSuffix(first.ProviderID, name) + strings.Repeat("f", len(name)), Zone: first.Zone, Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.9")}}
	if strings.HasPrefix(name, "i-") {
		there.ProviderID = strings.TrimSuffix(first.ProviderID, name) + "i-" + strings.Repeat("f", len(name)-2)
	}
	e.List = append(e.List, lb.Endpoint{AddrPort: netip.AddrPortFrom(first.Addresses[0], 9000), Node: there})
	groups, left, err := c.Balancers.EndpointGroups(e, c.read())
	c.must(err)
	if len(left) != 1 || !strings.Contains(left[0].Member, ":9000") {
		c.Errorf("left are %v", left)
	}
	for _, g := range groups {
		if slices.ContainsFunc(g.Members, func(m string) bool { return strings.HasSuffix(m, ":9000") }) {
			c.Errorf("%s is to hold %v", g.Ref, g.Members)
		}
	}
}

// oneNodeOfAPlaceIsEnough: with them the same groups are made as with all.
func oneNodeOfAPlaceIsEnough(c *balancing) {
	c.nodes(7)
	e := c.endpointsOf("shop", 0, 0)
	all, _, err := c.Balancers.EndpointGroups(e, c.read())
	c.must(err)
	e.Nodes = c.Balancers.Places(e.Nodes, c.read())
	few, _, err := c.Balancers.EndpointGroups(e, c.read())
	c.must(err)
	if len(e.Nodes) > len(all) || !reflect.DeepEqual(all, few) {
		c.Errorf("by %d nodes %v, by all %v", len(e.Nodes), few, all)
	}
}

// lostRepliesAboutEndpointsAreSettled loses the reply to each call in turn.
func lostRepliesAboutEndpointsAreSettled(c *balancing) {
	for n := 0; ; n++ {
		c := &balancing{T: c.T, BalancerHarness: c.fresh(c.T), ctx: c.ctx}
		c.nodes(2)
		e := c.endpointsOf("shop", 2, 8000)
		hit := c.World.StrikeCall(n, LostReply)
		if _, err := c.keep(e); err != nil && !cloud.Is(err, cloud.OutcomeUnknown) {
			c.Errorf("call %d: %v", n, err)
		}
		lost := hit()
		if _, err := c.keep(e); err != nil {
			c.Errorf("after call %d was lost: %v", n, err)
		}
		c.holdNothingElse(e)
		if !lost {
			return
		}
	}
}

// groupsOfOthersAreConflicts takes the name of each group in turn.
func groupsOfOthersAreConflicts(c *balancing) {
	c.nodes(1)
	groups, _, err := c.Balancers.EndpointGroups(c.endpointsOf("shop", 1, 80), c.read())
	c.must(err)
	for _, g := range groups {
		c := &balancing{T: c.T, BalancerHarness: c.fresh(c.T), ctx: c.ctx}
		c.nodes(1)
		c.World.Squat(g.Ref)
		if _, err := c.keep(c.endpointsOf("shop", 1, 80)); !cloud.Is(err, cloud.Conflict) {
			c.Errorf("somebody has %s: %v", g.Ref, err)
		}
		if !c.World.Squatted(g.Ref) {
			c.Errorf("%s is not as it was", g.Ref)
		}
	}
}
