package cloudtest

import (
	"errors"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func aDeniedPermissionIsNamed(c *balancing) {
	c.nodes(1)
	b := c.balancer("shop")
	undo := c.World.Refuse(c.Leaf, cloud.PermissionDenied)
	err := c.apply(b)
	if !cloud.Is(err, cloud.PermissionDenied) || !strings.Contains(err.Error(), c.Permission) {
		c.Fatalf("without %s: %v", c.Permission, err)
	}
	if in := c.Balancers.Ingresses(b, c.read()); len(in) > 0 && c.Addresses {
		c.Errorf("it is said to be reached at %v", in)
	}
	undo()
	c.converge(b)
}

// failuresAreOutlived has each call in turn fail, or refused for coming too
// soon.
func failuresAreOutlived(c *balancing) {
	for n := 0; ; n++ {
		f := []Fault{Throttle, Fail}[n%2]
		c := &balancing{T: c.T, BalancerHarness: c.fresh(c.T), ctx: c.ctx}
		c.nodes(1)
		b := c.balancer("shop")
		hit := c.World.StrikeCall(n, f)
		_, err := c.settled().Read(c.ctx, lbCluster)
		if err == nil {
			err = c.apply(b)
		}
		if r := cloud.ReasonOf(err); err != nil && r != cloud.Throttled && r != cloud.Unavailable && r != cloud.OutcomeUnknown {
			c.Errorf("%s of call %d: %v", f, n, err)
		}
		if !hit() {
			return
		}
		c.converge(b)
	}
}

// deletedWhileItIsMade deletes after each action of the making, with what is
// known by then and no reading between.
func deletedWhileItIsMade(c *balancing) {
	c.nodes(2)
	b := c.balancer("shop")
	for n := 1; ; n++ {
		got := c.read()
		plan := c.plan(b, got)
		whole := n >= len(plan)
		c.must(lb.Run(c.ctx, c.Balancers, plan[:min(n, len(plan))], got))
		c.must(lb.Run(c.ctx, c.Balancers, lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: b.Owner}), got))
		for _, r := range c.read() {
			if r.Owner == b.Owner {
				c.Errorf("after %d actions %s is left", n, r.Ref)
			}
		}
		if whole {
			return
		}
	}
}

func noNodesIsNoFailure(c *balancing) {
	c.nodes(0)
	b := c.balancer("shop")
	got := c.converge(b)
	if in := c.Balancers.Ingresses(b, got); len(in) != 1 {
		c.Errorf("it is reached at %v", in)
	}
	c.set.Nodes = append(c.set.Nodes, c.World.AddNode(0), c.World.AddNode(1))
	if n := c.members(c.converge(b)); n != 2 {
		c.Errorf("%d members", n)
	}
}

func morePortsThanFitAreRefused(c *balancing) {
	if c.MaxPorts == 0 {
		c.Skip("a balancer takes any number of ports")
	}
	c.nodes(1)
	b := c.balancer("shop")
	before := c.converge(b)
	b.Listeners = nil
	for n := range uint16(c.MaxPorts + 1) {
		b.Listeners = append(b.Listeners, listener(lb.TCP, 7000+n, 31000+n))
	}
	_, err := c.Balancers.Want(On(b, c.set), before)
	if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Reason != cloud.LimitExceeded || e.Remedy == "" {
		c.Errorf("%d ports: %v", len(b.Listeners), err)
	}
}
