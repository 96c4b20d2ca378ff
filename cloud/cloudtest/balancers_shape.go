package cloudtest

import (
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func sources(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func createdAsWantedAndThenQuiet(c *balancing) {
	c.nodes(3)
	for _, scheme := range []lb.Scheme{lb.Internal, lb.External} {
		b := c.balancer("shop" + string(scheme))
		b.Scheme = scheme
		c.must(c.apply(b)) // in one go
		before := c.World.Changes()
		got := c.converge(b)
		if n := c.World.Changes() - before; n > 0 {
			c.Errorf("%d changes of what was as wanted", n)
		}
		if in := c.Balancers.Ingresses(b, got); len(in) != 1 || in[0].Address.IsValid() == (in[0].Hostname != "") {
			c.Errorf("it can be reached at %+v", in)
		}
		if n := c.members(got); n != 3 {
			c.Errorf("%d members, want 3 nodes", n)
		}
	}
	if in := c.Balancers.Ingresses(c.balancer("other"), c.read()); len(in) > 0 {
		c.Errorf("what was never made is reached at %v", in)
	}
}

// edits are changes of a balancer, one after another.
func (c *balancing) edits() []func(*lb.LoadBalancer) {
	out := []func(*lb.LoadBalancer){
		func(b *lb.LoadBalancer) { b.AllowedSources = sources("10.0.0.0/8", "192.0.2.0/24") },
		func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, listener(lb.TCP, 8080, 30808)) },
		func(b *lb.LoadBalancer) { b.Listeners = b.Listeners[1:] },
		func(b *lb.LoadBalancer) { b.Listeners[0].To.NodePort = 31000 },
		EditBackend(func(b *lb.Backend) {
			b.LocalOnly, b.Check = true, lb.HealthCheck{HTTP: true, Path: "/healthz", Port: 32000}
		}),
		EditBackend(func(b *lb.Backend) { b.Check.Port = 32001 }),
		EditBackend(func(b *lb.Backend) { b.Affinity.ClientIP = true }),
		EditBackend(func(b *lb.Backend) { b.LocalOnly, b.Check, b.Affinity = false, lb.KubeProxyCheck, lb.Affinity{} }),
		func(b *lb.LoadBalancer) {
			b.Listeners = nil
			for n := range uint16(13) {
				b.Listeners = append(b.Listeners, listener(lb.TCP, 9000+n, 31000+n))
			}
		},
		func(b *lb.LoadBalancer) { b.Listeners = []lb.Listener{listener(lb.UDP, 53, 30053)} },
		func(b *lb.LoadBalancer) { b.Listeners = []lb.Listener{listener(lb.TCP, 53, 30053)} },
	}
	if c.Mixed {
		udp := uint16(30054)
		if c.OneNodePort {
			udp = 30053
		}
		out = append(out, func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, listener(lb.UDP, 53, udp)) },
			func(b *lb.LoadBalancer) {
				b.Listeners = nil
				for n := range c.most(60) { // more than fit into rules of five
					b.Listeners = append(b.Listeners, listener([]lb.Protocol{lb.TCP, lb.UDP}[n%2], 7000+n, 31000+n))
				}
			})
	}
	return out
}

func editsConverge(c *balancing) {
	c.nodes(2)
	for _, scheme := range []lb.Scheme{lb.Internal, lb.External} {
		b := c.balancer("shop")
		b.Scheme = scheme // the second time a change of scheme
		c.converge(b)
		for n, edit := range c.edits() {
			edit(&b)
			if err := c.apply(b); err != nil {
				c.Errorf("edit %d: %v", n, err)
			}
			c.converge(b)
		}
	}
}

func addressOutlivesEveryEdit(c *balancing) {
	c.nodes(2)
	for _, scheme := range []lb.Scheme{lb.Internal, lb.External} {
		b := c.balancer("shop-" + string(scheme))
		b.Scheme = scheme
		first := c.Balancers.Ingresses(b, c.converge(b))
		for n, edit := range c.edits() {
			edit(&b)
			if now := c.Balancers.Ingresses(b, c.converge(b)); len(now) != 1 || now[0] != first[0] {
				c.Fatalf("edit %d: it is reached at %v, it was at %v", n, now, first)
			}
		}
	}
}

func deletedLeavesNothing(c *balancing) {
	c.nodes(2)
	a, b := c.balancer("a"), c.balancer("b")
	b.Scheme = lb.External
	EditBackend(func(b *lb.Backend) {
		b.LocalOnly, b.Check = true, lb.HealthCheck{HTTP: true, Path: "/healthz", Port: 32000}
	})(&b)
	c.converge(a)
	c.converge(b)
	got := c.read()
	c.must(lb.Run(c.ctx, c.Balancers, lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: b.Owner}), got))
	got = c.converge(a) // what they share is still there
	for _, r := range got {
		if r.Owner == b.Owner {
			c.Errorf("%s is left", r.Ref)
		}
	}
	c.must(lb.Run(c.ctx, c.Balancers, lb.Plan(c.Balancers.Rules(), got, lb.Goal{Owner: a.Owner}), got))
	c.sweep(func(cloud.Owner) bool { return true })
	if left := ours(c.read()); len(left) > 0 {
		c.Errorf("left over: %v", left)
	}
}

// sweep removes orphans until there are none.
func (c *balancing) sweep(lives func(cloud.Owner) bool) {
	c.Helper()
	for range 5 {
		got := c.read()
		orphans := lb.Orphans(got, lives)
		if len(orphans) == 0 {
			return
		}
		c.must(lb.Run(c.ctx, c.Balancers, lb.Removal(orphans), got))
	}
	c.Error("orphans never end")
}

func badInputIsInvalid(c *balancing) {
	c.nodes(1)
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"no listener":       func(b *lb.LoadBalancer) { b.Listeners = nil },
		"no frontend":       func(b *lb.LoadBalancer) { b.Frontends = nil },
		"a port twice":      func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, b.Listeners[0]) },
		"a range with bits": func(b *lb.LoadBalancer) { b.AllowedSources = sources("10.0.0.1/8") },
		"another family":    func(b *lb.LoadBalancer) { b.Frontends[0].Address = netip.MustParseAddr("fd20::1") },
		"unknown attribute": func(b *lb.LoadBalancer) { b.Attributes = map[string]string{"no-such": "x"} },
		"sends nowhere":     func(b *lb.LoadBalancer) { b.Listeners[0].To = lb.Target{} },
	} {
		b := c.balancer("shop")
		edit(&b)
		if _, err := c.Balancers.Want(On(b, c.set), lb.State{}); !cloud.Is(err, cloud.Invalid) {
			c.Errorf("%s: %v", name, err)
		}
	}
	b := c.balancer("shop")
	b.Frontends[0].Reserved = "no-such-address"
	if _, err := c.Balancers.Want(On(b, c.set), c.read()); c.Addresses && !cloud.Is(err, cloud.NotFound) {
		c.Errorf("an address that nobody reserved: %v", err)
	}
}

func nodesComeAndGo(c *balancing) {
	c.nodes(4)
	b := c.balancer("shop")
	c.converge(b)
	for n := range 6 {
		if n%2 == 0 {
			c.set.Nodes = append(c.set.Nodes, c.World.AddNode(10+n))
		} else {
			c.World.DeleteNode(c.set.Nodes[0])
			c.set.Nodes = c.set.Nodes[1:]
		}
		got := c.read()
		if plan := c.plan(b, got); len(plan) > 0 {
			c.Errorf("a node came or went, and the balancer itself is planned again:\n%s", plan)
		}
		c.must(c.keepPools(got))
		if has := c.members(c.read()); has != len(c.set.Nodes) {
			c.Fatalf("%d members, %d nodes", has, len(c.set.Nodes))
		}
	}
	c.set.Nodes = nil
	c.converge(b)
	if has := c.members(c.read()); has != 0 {
		c.Errorf("%d members of no nodes", has)
	}
}

func aNodeCostsTheSameForManyBalancers(c *balancing) {
	if !c.SharedPools {
		c.Skip("every balancer has pools of its own")
	}
	c.nodes(3)
	for n := range 12 {
		c.converge(c.balancer(fmt.Sprint("shop", n)))
	}
	c.set.Nodes = append(c.set.Nodes, c.World.AddNode(3))
	got := c.read()
	before := c.World.Changes()
	c.must(c.keepPools(got))
	if n := c.World.Changes() - before; n != 1 {
		c.Errorf("%d changes for one node in 12 balancers", n)
	}
}
