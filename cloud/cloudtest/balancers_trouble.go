package cloudtest

import (
	"errors"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// foreignNamesAreConflicts takes the name of each resource in turn.
func foreignNamesAreConflicts(c *balancing) {
	c.nodes(1)
	b := c.balancer("shop")
	want, err := c.Balancers.Want(On(b, c.set), c.read())
	c.must(err)
	for _, w := range want {
		c := &balancing{T: c.T, BalancerHarness: c.fresh(c.T), ctx: c.ctx}
		c.nodes(1)
		if !c.World.Squat(w.Ref) {
			continue
		}
		err := c.apply(b)
		if !cloud.Is(err, cloud.Conflict) {
			c.Errorf("somebody has %s: %v", w.Ref, err)
		}
		// A plan that is older than what is there.
		got := c.read()
		stale := got.For(b.Owner)
		delete(stale, w.Ref)
		_, err = c.Balancers.Apply(c.ctx, lb.Action{Verb: lb.Create, Ref: w.Ref, Want: &w}, got)
		if !cloud.Is(err, cloud.Conflict) && !cloud.Is(err, cloud.NotFound) && !cloud.Is(err, cloud.Invalid) {
			c.Errorf("made %s over somebody's: %v", w.Ref, err)
		}
		theirs := got[w.Ref]
		if _, err = c.Balancers.Apply(c.ctx, lb.Action{Verb: lb.Delete, Ref: w.Ref, Got: &w}, got); err == nil {
			c.Errorf("deleted somebody's %s", w.Ref)
		}
		if !c.World.Squatted(w.Ref) {
			c.Errorf("%s is not as it was: %+v", w.Ref, theirs)
		}
		for _, r := range got {
			for _, used := range r.Uses {
				if used == w.Ref && !r.Foreign() {
					c.Errorf("%s uses somebody's %s", r.Ref, w.Ref)
				}
			}
		}
	}
}

// lostRepliesAreSettled loses the reply to each call in turn, of the making
// and of the deletion.
// anotherClustersAreSomebodyElses: nothing that another cluster made is read as
// ours, so that no sweep takes it.
func anotherClustersAreSomebodyElses(c *balancing) {
	c.nodes(1)
	b := c.balancer("web")
	b.Owner.ClusterID, c.set.ClusterID = "c2", "c2"
	got, err := c.settled().Read(c.ctx, "c2")
	c.must(err)
	c.must(lb.Run(c.ctx, c.Balancers, c.plan(b, got), got))
	for name, of := range map[string][]cloud.Owner{"the cluster": nil, "an owner": {service("web")}} {
		got, err := c.settled().Read(c.ctx, lbCluster, of...)
		c.must(err)
		if mine := ours(got); len(mine) > 0 {
			c.Errorf("read for %s, these are ours: %v", name, mine)
		}
	}
	if got, err = c.settled().Read(c.ctx, "c2"); err != nil || len(ours(got)) == 0 {
		c.Errorf("%v, and %d of the other cluster's are there", err, len(ours(got)))
	}
}

func lostRepliesAreSettled(c *balancing) {
	for n := 0; ; n++ {
		c := &balancing{T: c.T, BalancerHarness: c.fresh(c.T), ctx: c.ctx}
		c.nodes(1)
		b := c.balancer("shop")
		hit := c.World.StrikeCall(n, LostReply)
		if err := c.apply(b); err != nil && !cloud.Is(err, cloud.OutcomeUnknown) {
			c.Errorf("call %d: %v", n, err)
		}
		got := c.converge(b)
		if len(c.Balancers.Ingresses(b, got)) != 1 {
			c.Errorf("call %d: not reached", n)
		}
		if !hit() {
			return
		}
		hit = c.World.StrikeCall(n, LostReply)
		if err := c.remove(b); err != nil && !cloud.Is(err, cloud.OutcomeUnknown) {
			c.Errorf("call %d of the deletion: %v", n, err)
		}
		hit()
		c.must(c.remove(b))
		c.sweep(func(cloud.Owner) bool { return true })
		if left := ours(c.read()); len(left) > 0 {
			c.Errorf("call %d of the deletion: left over %v", n, left)
		}
	}
}

// remove takes all that the balancer has away.
func (c *balancing) remove(b lb.LoadBalancer) error {
	got, err := c.settled().Read(c.ctx, lbCluster)
	if err != nil {
		return err
	}
	return lb.Run(c.ctx, c.Balancers, lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: b.Owner}), got)
}

// halfMadeIsFoundAndRemoved stops after each action.
func halfMadeIsFoundAndRemoved(c *balancing) {
	c.nodes(2)
	b := c.balancer("shop")
	for n := 0; ; n++ {
		got := c.read()
		plan := c.plan(b, got)
		whole := n >= len(plan)
		c.must(lb.Run(c.ctx, c.Balancers, plan[:min(n, len(plan))], got))
		c.sweep(func(cloud.Owner) bool { return false })
		if left := ours(c.read()); len(left) > 0 {
			c.Errorf("after %d actions there is left over: %v", n, left)
		}
		if whole {
			return
		}
	}
}

func aGoneMachineHoldsNobodyUp(c *balancing) {
	c.nodes(3)
	b := c.balancer("shop")
	c.converge(b)
	c.set.Nodes = append(c.set.Nodes, c.World.AddNode(3), c.World.AddNode(6), c.World.AddNode(9)) // of one zone
	c.World.DeleteNode(c.set.Nodes[4])
	if err := c.apply(b); err == nil {
		c.Error("nothing is said of a node without a machine")
	}
	if n := c.members(c.read()); n != 5 {
		c.Errorf("%d members, want 5", n)
	}
	c.set.Nodes = append(c.set.Nodes[:4], c.set.Nodes[5:]...)
	c.converge(b)
}

func aGoneMachineKeepsNothingFromBeingMade(c *balancing) {
	c.nodes(3)
	b := c.balancer("shop")
	c.World.DeleteNode(c.set.Nodes[1])
	got := c.read()
	c.must(lb.Run(c.ctx, c.Balancers, c.plan(b, got), got))
	if err := c.keepPools(got); err == nil {
		c.Error("nothing is said of a node without a machine")
	}
	got = c.read()
	c.must(c.look(b, got))
	if plan := c.plan(b, got); len(plan) > 0 {
		c.Errorf("one machine that is gone keeps a load balancer from being made:\n%s", plan)
	}
	if n := c.members(got); n != 2 {
		c.Errorf("%d members, want 2", n)
	}
}

func quotaIsSaidAndOutlived(c *balancing) {
	c.nodes(1)
	b := c.balancer("shop")
	undo := c.World.Refuse(c.Limited, cloud.QuotaExceeded)
	err := c.apply(b)
	if !cloud.Is(err, cloud.QuotaExceeded) {
		c.Fatalf("with no %s left: %v", c.Limited, err)
	}
	if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Remedy == "" {
		c.Errorf("%v does not say what to do", err)
	}
	undo()
	c.converge(b)
}

func firewallOfOthersHoldsNothingUp(c *balancing) {
	if c.Firewall == "" {
		c.Skip("the firewall is always ours")
	}
	c.nodes(1)
	b := c.balancer("shop")
	undo := c.World.Refuse(c.Firewall, cloud.PermissionDenied)
	err := c.apply(b)
	admin, ok := errors.AsType[*lb.NeedsAdmin](err)
	if !ok || !cloud.Is(err, cloud.PermissionDenied) || !strings.Contains(err.Error(), admin.Command) || admin.Command == "" {
		c.Fatalf("without the right to open the firewall: %v", err)
	}
	if in := c.Balancers.Ingresses(b, c.read()); len(in) != 1 {
		c.Errorf("it is reached at %v", in)
	}
	undo()
	c.converge(b)
}

func whatIsDeletedByHandComesBack(c *balancing) {
	c.nodes(1)
	b := c.balancer("shop")
	got := c.converge(b)
	before := c.Balancers.Ingresses(b, got)
	for _, r := range got.Sorted() {
		if r.Kind == c.Leaf && r.Owner == b.Owner {
			c.World.Break(r.Ref)
		}
	}
	if in := c.Balancers.Ingresses(b, c.read()); len(in) != 0 && c.Addresses {
		c.Errorf("with its %s gone it is said to be reached at %v", c.Leaf, in)
	}
	if after := c.Balancers.Ingresses(b, c.converge(b)); c.Addresses && (len(after) != 1 || after[0] != before[0]) {
		c.Errorf("it is reached at %v, it was at %v", after, before)
	}
}
