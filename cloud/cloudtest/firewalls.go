package cloudtest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

var networkOwner = cloud.Owner{ClusterID: "c", Kind: "Network", Name: "default"}

// rule lets the n-th blocks in, marked as ours.
func (c *check) rule(blocks ...int) cloud.FirewallRule {
	r := cloud.FirewallRule{Name: networkOwner.ObjectName(0), Description: networkOwner.Description(), Priority: 1000,
		Destinations: []netip.Prefix{c.Range.Prefix}, Protocols: []cloud.Protocol{{Name: "all"}}}
	for _, n := range blocks {
		r.Sources = append(r.Sources, c.Block(n))
	}
	return r
}

func (c *check) hasRules(want ...cloud.FirewallRule) {
	c.Helper()
	if got := c.World.Rules(); !slices.EqualFunc(got, want, cloud.FirewallRule.Equal) {
		c.Fatalf("the network has the rules %+v, want %+v", got, want)
	}
}

func ensureRuleRepeats(c *check) {
	r := c.rule(0, 1)
	for range 3 {
		c.must(c.VPC.Firewalls.Ensure(c.ctx, r))
	}
	slices.Reverse(r.Sources) // in another order it is the same
	c.must(c.VPC.Firewalls.Ensure(c.ctx, r))
	c.hasRules(r)
	if n := c.World.Count(Ruling); n != 1 {
		c.Errorf("%d changing calls for one rule", n)
	}
}

func ensureRuleFollowsItsRanges(c *check) {
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0)))
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0, 1)))
	c.hasRules(c.rule(0, 1))
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(1)))
	anywhere := c.rule(1)
	anywhere.Destinations = nil
	c.must(c.VPC.Firewalls.Ensure(c.ctx, anywhere))
	c.hasRules(anywhere)
}

func ensureRuleRepairsDrift(c *check) {
	for _, spoil := range []func(*cloud.FirewallRule){
		func(r *cloud.FirewallRule) { r.Targets = []string{"web"} },
		func(r *cloud.FirewallRule) { r.Priority = 7 },
		func(r *cloud.FirewallRule) { r.Deny = true },
		func(r *cloud.FirewallRule) { r.Protocols = []cloud.Protocol{{Name: "tcp", Ports: []string{"80"}}} },
		func(r *cloud.FirewallRule) { r.Sources = []netip.Prefix{c.Block(3)} },
	} {
		r := c.rule(0)
		spoil(&r)
		c.World.AddRule(r)
		c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0)))
		c.hasRules(c.rule(0))
	}
	c.World.Disable(c.rule(0).Name)
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0)))
	c.hasRules(c.rule(0))
}

func ensureRuleSettlesALostReply(c *check) {
	c.World.Strike(Ruling, LostReply, 1)
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0)))
	c.hasRules(c.rule(0))
	c.World.Strike(Ruling, LostReply, 1)
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(1)))
	c.hasRules(c.rule(1))
	c.World.Strike(Ruling, LostReply, 1)
	c.must(c.VPC.Firewalls.Delete(c.ctx, c.rule(1)))
	c.hasRules()
}

func foreignRuleUntouched(c *check) {
	theirs := c.rule(0) // our name, by accident or not, without our description
	theirs.Description = "made by hand"
	c.World.AddRule(theirs)
	c.want(cloud.Conflict, c.VPC.Firewalls.Ensure(c.ctx, c.rule(1)))
	c.want(cloud.Conflict, c.VPC.Firewalls.Delete(c.ctx, c.rule(1)))
	c.hasRules(theirs)
}

func deleteRuleRepeats(c *check) {
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0)))
	for range 3 {
		c.must(c.VPC.Firewalls.Delete(c.ctx, c.rule(4))) // whatever it says by now
	}
	c.hasRules()
	if n := c.World.Count(Ruling); n != 2 {
		c.Errorf("%d changing calls to make and delete one rule", n)
	}
}

func rulesAreReadInTheOrderTheyDecide(c *check) {
	add := func(name string, priority int, deny bool) {
		r := c.rule(0)
		r.Name, r.Priority, r.Deny = name, priority, deny
		c.World.AddRule(r)
	}
	add("a-last", 2000, false)
	add("b-allow", 1000, false)
	add("c-deny", 1000, true)
	add("d-first", 10, false)
	add("e-off", 1, false)
	c.World.Disable("e-off")
	rules, err := c.VPC.Firewalls.Read(c.ctx)
	c.must(err)
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	if want := []string{"d-first", "c-deny", "b-allow", "a-last"}; !slices.Equal(names, want) {
		c.Errorf("read in the order %v, want %v", names, want)
	}
	c.must(c.VPC.Firewalls.Ensure(c.ctx, c.rule(0, 1)))
	rules, err = c.VPC.Firewalls.Read(c.ctx)
	c.must(err)
	if at := slices.IndexFunc(rules, c.rule(0, 1).Equal); at < 0 || !rules[at].Mark().Of(networkOwner) {
		c.Errorf("what was made is not what is read: %+v", rules)
	}
}

func ruleCommandSaysAll(c *check) {
	r := c.rule(0, 1)
	got := c.VPC.Firewalls.Command(r)
	for _, want := range []string{r.Name, "all", c.Block(0).String(), c.Block(1).String(), c.Range.Prefix.String(), "1000"} {
		if !strings.Contains(got, want) {
			c.Errorf("%q lacks %q", got, want)
		}
	}
}
