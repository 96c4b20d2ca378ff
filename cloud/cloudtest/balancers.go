package cloudtest

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// BalancerWorld arranges the cloud behind an lb.Balancers, as somebody else
// would. Its methods end the test when they fail.
type BalancerWorld interface {
	// AddNode adds the n-th machine; zones take turns.
	AddNode(n int) lb.Node
	// DeleteNode deletes the machine.
	DeleteNode(lb.Node)
	// Squat makes a resource of that name that is not ours; it is false for
	// what is part of something of ours. Squatted reports whether it is still as
	// it was made.
	Squat(ref lb.Ref) bool
	Squatted(ref lb.Ref) bool
	// Break deletes a resource by hand; nothing uses it.
	Break(ref lb.Ref)
	// StrikeCall lets the fault befall the n-th call from now; hit tells
	// whether there was one.
	StrikeCall(n int, f Fault) (hit func() bool)
	// Refuse makes the cloud refuse to make resources of the kind, for
	// QuotaExceeded or PermissionDenied, until undo.
	Refuse(kind string, r cloud.Reason) (undo func())
	// Changes is how many calls so far asked for a change.
	Changes() int
}

// BalancerHarness is one VPC on one fresh simulator.
type BalancerHarness struct {
	Balancers lb.Balancers
	World     BalancerWorld
	// Attributes are those of every balancer's backend.
	Attributes map[string]string
	// Mixed: one balancer takes TCP and UDP.
	Mixed bool
	// OneNodePort: TCP and UDP of one port have to have the same NodePort.
	OneNodePort bool
	// MaxPorts is how many ports a balancer takes; 0 is no limit.
	MaxPorts int
	// SharedPools: a node that joins costs as many calls for many balancers
	// as for one.
	SharedPools bool
	// Addresses: ingresses are addresses, which outlive every change.
	Addresses bool
	// Firewall is the kind of resource that lets clients in, where it may
	// belong to somebody else; empty where it may not.
	Firewall string
	// Permission is what it takes to make a Leaf.
	Permission string
	// Limited is a kind that a quota limits.
	Limited string
	// Settle waits until all that was done so far shows in every read; nil where
	// it does at once.
	Settle func()
	// Leaf is a kind that nothing uses, of which each balancer has one.
	Leaf string
}

// most is how many ports are tried where so many are wanted: one less than the
// limit, since a port that goes is there until those that come are.
func (h BalancerHarness) most(n uint16) uint16 {
	if h.MaxPorts > 0 {
		return min(n, uint16(h.MaxPorts)-1)
	}
	return n
}

// RunBalancers runs every property of load balancers, each on its own harness.
func RunBalancers(t *testing.T, fresh func(t *testing.T) BalancerHarness) {
	for _, p := range []struct {
		name  string
		holds func(*balancing)
	}{
		{"CreatedAsWantedAndThenQuiet", createdAsWantedAndThenQuiet},
		{"EditsConverge", editsConverge},
		{"AddressOutlivesEveryEdit", addressOutlivesEveryEdit},
		{"DeletedLeavesNothing", deletedLeavesNothing},
		{"ForeignNamesAreConflicts", foreignNamesAreConflicts},
		{"LostRepliesAreSettled", lostRepliesAreSettled},
		{"AnotherClustersAreSomebodyElses", anotherClustersAreSomebodyElses},
		{"HalfMadeIsFoundAndRemoved", halfMadeIsFoundAndRemoved},
		{"NodesComeAndGo", nodesComeAndGo},
		{"ANodeCostsTheSameForManyBalancers", aNodeCostsTheSameForManyBalancers},
		{"AGoneMachineHoldsNobodyUp", aGoneMachineHoldsNobodyUp},
		{"AGoneMachineKeepsNothingFromBeingMade", aGoneMachineKeepsNothingFromBeingMade},
		{"QuotaIsSaidAndOutlived", quotaIsSaidAndOutlived},
		{"FirewallOfOthersHoldsNothingUp", firewallOfOthersHoldsNothingUp},
		{"WhatIsDeletedByHandComesBack", whatIsDeletedByHandComesBack},
		{"BadInputIsInvalid", badInputIsInvalid},
		{"ADeniedPermissionIsNamed", aDeniedPermissionIsNamed},
		{"FailuresAreOutlived", failuresAreOutlived},
		{"DeletedWhileItIsMade", deletedWhileItIsMade},
		{"NoNodesIsNoFailure", noNodesIsNoFailure},
		{"MorePortsThanFitAreRefused", morePortsThanFitAreRefused},
		{"EndpointsComeAndGo", endpointsComeAndGo},
		{"OneBadEndpointHoldsNobodyUp", oneBadEndpointHoldsNobodyUp},
		{"MachinesOfElsewhereFitNowhere", machinesOfElsewhereFitNowhere},
		{"OneNodeOfAPlaceIsEnough", oneNodeOfAPlaceIsEnough},
		{"LostRepliesAboutEndpointsAreSettled", lostRepliesAboutEndpointsAreSettled},
		{"GroupsOfOthersAreConflicts", groupsOfOthersAreConflicts},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p.holds(&balancing{T: t, BalancerHarness: fresh(t), ctx: ctx, fresh: fresh})
		})
	}
}

// balancing is one property being checked.
type balancing struct {
	*testing.T
	BalancerHarness
	ctx   context.Context
	fresh func(t *testing.T) BalancerHarness
	set   lb.NodeSet
}

const lbCluster = "c1"

func service(name string) cloud.Owner {
	return cloud.Owner{ClusterID: lbCluster, Kind: "Service", Namespace: "web", Name: name}
}

// nodes gives the set n machines.
func (c *balancing) nodes(n int) {
	c.Helper()
	c.set = lb.NodeSet{ClusterID: lbCluster, Name: "nodes"}
	for i := range n {
		c.set.Nodes = append(c.set.Nodes, c.World.AddNode(i))
	}
}

func listener(p lb.Protocol, port, nodePort uint16) lb.Listener {
	return lb.Listener{Name: string(p), Protocol: p, Port: port, To: lb.Target{Backend: "nodes", NodePort: nodePort}}
}

// balancer is a plain one.
func (c *balancing) balancer(name string) lb.LoadBalancer {
	return lb.LoadBalancer{
		Owner: service(name), Scheme: lb.Internal,
		Backends:  map[string]lb.Backend{"nodes": {Check: lb.KubeProxyCheck, Attributes: c.Attributes}},
		Frontends: []lb.Frontend{{Family: lb.IPv4}}, Listeners: []lb.Listener{listener(lb.TCP, 80, 30080), listener(lb.TCP, 443, 30443)},
		AllowedSources: sources("0.0.0.0/0"),
	}
}

// On is a balancer whose backends send to a set.
func On(b lb.LoadBalancer, set lb.NodeSet) lb.LoadBalancer {
	return b.WithNodes(func(string) lb.NodeSet { return set })
}

// EditBackend is an edit of a balancer's backends.
func EditBackend(edit func(*lb.Backend)) func(*lb.LoadBalancer) {
	return func(b *lb.LoadBalancer) {
		all := map[string]lb.Backend{}
		for name, to := range b.Backends {
			to.Attributes = maps.Clone(to.Attributes)
			edit(&to)
			all[name] = to
		}
		b.Backends = all
	}
}

// settled is what reads and changes balancers; its reads show all that was done
// so far. What the adapter reads for itself may be behind.
func (c *balancing) settled() lb.Balancers {
	if c.Settle != nil {
		c.Settle()
	}
	return c.Balancers
}

func (c *balancing) read() lb.State {
	c.Helper()
	got, err := c.settled().Read(c.ctx, lbCluster)
	c.must(err)
	return got
}

func (c *balancing) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// plan plans a balancer on what is there.
func (c *balancing) plan(b lb.LoadBalancer, got lb.State) lb.Actions {
	c.Helper()
	want, err := c.Balancers.Want(On(b, c.set), got)
	c.must(err)
	return lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: b.Owner, Want: want})
}

// apply brings a balancer about in one go, and its nodes.
func (c *balancing) apply(b lb.LoadBalancer) error {
	got := c.read()
	if err := c.look(b, got); err != nil {
		return err
	}
	if err := lb.Run(c.ctx, c.Balancers, c.plan(b, got), got); err != nil {
		return err
	}
	return c.keepPools(got)
}

// look enters how what the balancer's plan waits for is by now.
func (c *balancing) look(b lb.LoadBalancer, got lb.State) error {
	at := lb.State{}
	for _, ref := range c.plan(b, got).Looks() {
		at[ref] = got[ref]
	}
	seen, err := c.settled().Look(c.ctx, at)
	maps.Copy(got, seen)
	return err
}

// keepPools brings the set's pools about, and what they hold.
func (c *balancing) keepPools(got lb.State) error {
	plan := lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: c.set.Owner(), Want: c.Balancers.Pools(c.set, got), Keep: true})
	if err := lb.Run(c.ctx, c.Balancers, plan, got); err != nil {
		return err
	}
	return KeepMembers(c.ctx, c.Balancers, c.set, got)
}

// changes are what is to change of what the set's pools hold.
func (c *balancing) changes(got lb.State) []members.Change {
	c.Helper()
	changes, err := MemberChanges(c.ctx, c.Balancers, c.set, got)
	c.must(err)
	return changes
}

// converge applies until nothing is left to do.
func (c *balancing) converge(b lb.LoadBalancer) lb.State {
	c.Helper()
	var err error
	for range 5 {
		if err = c.apply(b); err != nil {
			continue
		}
		got := c.read()
		if plan, changes := c.plan(b, got), c.changes(got); len(plan)+len(changes) > 0 {
			c.Logf("still to do:\n%s%v", plan, changes)
			continue
		}
		return got
	}
	c.Fatalf("%s does not converge: %v", b.Owner.Name, err)
	return nil
}

// members is how many there are in all pools of the set together, each once.
func (c *balancing) members(got lb.State) int {
	names := map[string]bool{}
	held, err := Held(c.ctx, c.Balancers, c.set, got)
	c.must(err)
	for _, pool := range held {
		for _, m := range pool.Has {
			names[m] = true
		}
	}
	return len(names)
}

// ours are the resources of the cluster.
func ours(got lb.State) (out []lb.Ref) {
	for _, r := range got.Sorted() {
		if !r.Foreign() {
			out = append(out, r.Ref)
		}
	}
	return out
}
