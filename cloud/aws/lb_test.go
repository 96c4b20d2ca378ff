package aws_test

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func TestClientsReachTheNodes(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"external": func(*lb.LoadBalancer) {},
		"internal": func(b *lb.LoadBalancer) { b.Scheme = lb.Internal },
		"local": cloudtest.EditBackend(func(b *lb.Backend) {
			b.LocalOnly, b.Check = true, lb.HealthCheck{HTTP: true, Path: "/healthz", Port: 31999}
		}),
		"without the client's address":       cloudtest.EditBackend(func(b *lb.Backend) { b.Attributes[lb.AttributeTargetGroup+"preserve_client_ip.enabled"] = "false" }),
		"with a check outside the NodePorts": cloudtest.EditBackend(func(b *lb.Backend) { b.Check = lb.HealthCheck{Port: 9000} }),
		"cross-zone": func(b *lb.LoadBalancer) {
			b.Attributes[lb.AttributeLoadBalancer+"load_balancing.cross_zone.enabled"] = "true"
		},
		"sticky": cloudtest.EditBackend(func(b *lb.Backend) { b.Affinity.ClientIP = true }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalanced(t, awssim.Config{})
			b := service("web", edit)
			w.made(b)
			w.reaches("tcp", 80, 3)
			got := w.lb.Ingresses(b, w.read())
			if len(got) != 1 || got[0].Hostname != w.one().Host || got[0].Address.IsValid() {
				t.Errorf("reached at %+v, want %s", got, w.one().Host)
			}
			want := w.public
			if b.Scheme == lb.Internal {
				want = w.places
			}
			for _, id := range w.one().Subnets {
				if want[zones[0]] != id && want[zones[1]] != id && want[zones[2]] != id {
					t.Errorf("it is in %s, want one of %v", id, want)
				}
			}
			w.must(w.gone(b))
			w.clean()
		})
	}
}

// clean wants nothing left but what is shared, and then not that either.
func (w *balanced) clean() {
	w.Helper()
	for range 2 { // the rules that use what is shared, then that
		got := w.read()
		orphans := lb.Orphans(got, func(cloud.Owner) bool { return false })
		w.must(lb.Run(w.Context(), w.lb, lb.Removal(orphans), got))
	}
	if len(w.sim.Balancers())+len(w.sim.TargetGroups()) > 0 || len(w.sim.SecurityGroups()) != 1 || len(w.sim.SecurityGroups()[0].Rules) != 0 {
		w.Errorf("left are %+v %+v %+v", w.sim.Balancers(), w.sim.TargetGroups(), w.sim.SecurityGroups())
	}
}

func TestBothProtocolsOfAPortShareAListener(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("dns")
	b.Listeners = []lb.Listener{port(lb.UDP, 53, 30053), port(lb.TCP, 80, 30080)}
	w.made(b)
	w.reaches("udp", 53, 3)
	w.reaches("tcp", 53, 0)
	b.Listeners = append(b.Listeners, port(lb.TCP, 53, 30053))
	w.made(b)
	w.reaches("udp", 53, 3)
	w.reaches("tcp", 53, 3)
	b.Listeners = b.Listeners[1:] // TCP of both
	w.made(b)
	w.reaches("udp", 53, 0)
	w.reaches("tcp", 53, 3)
	if n := len(w.sim.TargetGroups()); n != 2 {
		t.Errorf("%d target groups", n)
	}
}

func TestWhatCannotBeChangedIsMadeBesideAndSwitched(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	w.made(b)
	old := w.one().Listeners[0]
	b.Listeners[0].To.NodePort = 30081
	p, err := w.apply(b)
	w.must(err)
	if got := names(p); !slices.Equal(got, []string{"create TargetGroup", "delete TargetGroup", "edit Listener"}) {
		t.Errorf("planned\n%s", p)
	}
	if now := w.one().Listeners[0]; now.ARN != old.ARN || now.TargetGroups[0] == old.TargetGroups[0] {
		t.Errorf("it was %+v and is %+v", old, now)
	}
	w.settled(b)
	w.reaches("tcp", 80, 3)
}

func TestEditsInPlace(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	w.made(b)
	arn := w.one().ARN
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"sources": func(b *lb.LoadBalancer) {
			b.AllowedSources = []netip.Prefix{prefix("192.0.2.0/24"), prefix("198.51.100.0/24")}
		},
		"a port":       func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, port(lb.TCP, 443, 30443)) },
		"an attribute": cloudtest.EditBackend(func(b *lb.Backend) { b.Attributes[lb.AttributeTargetGroup+"proxy_protocol_v2.enabled"] = "true" }),
		"the check":    cloudtest.EditBackend(func(b *lb.Backend) { b.Check.Interval = 30 * time.Second }),
		"zone balance": func(b *lb.LoadBalancer) {
			b.Attributes[lb.AttributeLoadBalancer+"load_balancing.cross_zone.enabled"] = "true"
		},
		"subnets": func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeSubnets] = w.public[zones[0]] },
		"drain": cloudtest.EditBackend(func(b *lb.Backend) {
			b.Attributes[lb.AttributeTargetGroup+"deregistration_delay.timeout_seconds"] = "10"
		}),
	} {
		changed := service("web", edit)
		w.made(changed)
		if w.one().ARN != arn {
			t.Errorf("%s: it was replaced", name)
		}
		w.made(b) // and back, defaults too
		if w.one().ARN != arn {
			t.Errorf("back from %s: it was replaced", name)
		}
	}
}

func TestChangesByHandAreRepaired(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	for name, harm := range map[string]func(){
		"the listener deleted": func() {
			arn := w.one().Listeners[0].ARN
			_, err := w.elb.DeleteListener(t.Context(), &elb.DeleteListenerInput{ListenerArn: &arn})
			w.must(err)
		},
		"the balancer deleted": func() {
			arn := w.one().ARN
			_, err := w.elb.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: &arn})
			w.must(err)
		},
		"a target taken out": func() { w.must(w.takeOut(w.nodes.Nodes[0])) },
	} {
		w.made(b)
		harm()
		got := w.read() // it shows in the list already
		if p := w.plan(b, got); len(p)+len(w.changes(got)) == 0 {
			t.Errorf("%s: it is not seen", name)
		} else {
			w.must(lb.Run(t.Context(), w.lb, p, got))
			w.must(w.keep(got))
		}
		w.settled(b)
		w.reaches("tcp", 80, 3)
	}
}

func (w *balanced) takeOut(n lb.Node) error {
	for _, x := range w.lb.Pools(lb.NodeSet{ClusterID: "c1", Name: "all"}, w.read()) {
		if err := w.lb.Detach(w.Context(), x.Group(), []string{path.Base(n.ProviderID)}); err != nil {
			return err
		}
	}
	return nil
}

func TestANodeCostsOneCallForEachTargetGroup(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Balancers: 20})
	for n := range 12 {
		w.made(service(fmt.Sprintf("web-%d", n)))
	}
	got := w.read()
	sync := func() {
		t.Helper()
		before := w.sim.MutatingCalls()
		w.must(w.keep(got))
		if n := w.sim.MutatingCalls() - before; n != 12 {
			t.Errorf("%d calls", n)
		}
		w.soon(func() bool { return len(w.changes(got)) == 0 }) // reads are behind
	}
	w.addNode(zones[0])
	sync()
	w.nodes.Nodes = w.nodes.Nodes[1:]
	sync()
	w.settled(service("web-3"))
}

// TestAPoolThatIsAboutToBeUsedHasItsShare of the targets that its balancer may
// have: the listener comes when it holds its nodes.
func TestAPoolThatIsAboutToBeUsedHasItsShare(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	ports := func(b *lb.LoadBalancer) {
		for n := range uint16(5) {
			b.Listeners = append(b.Listeners, port(lb.TCP, 8000+n, 31000+n))
		}
	}
	w.made(service("web", ports))
	got := w.read()
	for ref := range got {
		if ref.Kind == "Listener" {
			delete(got, ref)
			break
		}
	}
	many := lb.NodeSet{ClusterID: "c1", Name: "all"}
	for n := range 100 {
		many.Nodes = append(many.Nodes, lb.Node{ProviderID: fmt.Sprintf("aws:///%s/i-%017d", zones[0], n), Zone: zones[0]})
	}
	pools, sum := w.lb.Pools(many, got), 0
	for _, p := range pools {
		sum += len(p.Members)
	}
	if len(pools) != 6 || sum > 500 || sum < 480 {
		t.Errorf("%d pools have %d members", len(pools), sum)
	}
}

func TestASteadyStateIsRead(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Balancers: 30})
	for n := range 25 {
		w.made(service(fmt.Sprintf("web-%d", n)))
	}
	w.sim.ResetCalls()
	w.read()
	counts := w.sim.CallCounts()
	perBalancer := counts["DescribeListeners"] + counts["DescribeTargetGroupAttributes"] + counts["DescribeLoadBalancerAttributes"]
	const repeated = 5 // a call whose connection broke is made again
	if all := len(w.sim.Calls()); w.sim.MutatingCalls() > 0 || perBalancer > 0 || counts["DescribeTargetHealth"] > 0 || all > 4+6+repeated {
		t.Errorf("calls %v", counts)
	}
}

func TestElasticIPs(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	var ids []string
	for range 3 {
		id, _, err := w.sim.AddElasticIP()
		w.must(err)
		ids = append(ids, id)
	}
	b := service("web", func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = strings.Join(ids, ",") })
	w.made(b)
	w.reaches("tcp", 80, 3)
	_, err := w.apply(service("other", func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = ids[0] }))
	w.refused(err, cloud.Conflict)
	w.must(w.gone(service("other")))
	w.must(w.gone(b))
	w.clean()
}

func TestSourcesArePackedIntoGroups(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{RulesPerGroup: 10}, func(c *aws.BalancerConfig) { c.RulesPerGroup = 10 })
	b := service("web")
	b.AllowedSources = nil
	for n := range 33 {
		b.AllowedSources = append(b.AllowedSources, nth("192.0.0.0/16", 24, n))
	}
	w.made(b)
	if n := len(w.one().Groups); n != 5 {
		t.Errorf("%d groups", n)
	}
	w.reaches("tcp", 80, 3)
	for n := range 20 { // as many ports need no more rules
		b.Listeners = append(b.Listeners, port(lb.TCP, uint16(1000+2*n), uint16(31000+n)))
	}
	w.made(b)
	b.AllowedSources = b.AllowedSources[:1]
	w.made(b)
	if n := len(w.one().Groups); n != 2+2 {
		t.Logf("%d groups for 21 ports of one source", n)
	}
	for n := range 60 {
		b.AllowedSources = append(b.AllowedSources, nth("203.0.0.0/16", 24, n))
	}
	_, err := w.lb.Want(cloudtest.On(b, w.nodes), w.read())
	w.refused(err, cloud.LimitExceeded)
}

func TestWhatANetworkBalancerCannotBe(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	six := func(b *lb.LoadBalancer) { b.Frontends = append(b.Frontends, lb.Frontend{Family: lb.IPv6}) }
	got := w.read()
	for name, c := range map[string]struct {
		reason cloud.Reason
		edit   func(*lb.LoadBalancer)
	}{
		"IPv6 alone":                {cloud.Invalid, func(b *lb.LoadBalancer) { b.Frontends[0].Family = lb.IPv6 }},
		"no IPv6 in the subnets":    {cloud.Invalid, six},
		"UDP of both families":      {cloud.Invalid, func(b *lb.LoadBalancer) { six(b); b.Listeners[0].Protocol = lb.UDP }},
		"no NodePort":               {cloud.Invalid, func(b *lb.LoadBalancer) { b.Listeners[0].To.NodePort = 0 }},
		"two NodePorts of one port": {cloud.Invalid, func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, port(lb.UDP, 80, 30081)) }},
		"an unknown setting":        {cloud.Invalid, func(b *lb.LoadBalancer) { b.Attributes["colour"] = "red" }},
		"an unknown attribute":      {cloud.Invalid, func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeLoadBalancer+"colour"] = "red" }},
		"an unknown Elastic IP":     {cloud.NotFound, func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = "eipalloc-0,eipalloc-1,eipalloc-2" }},
		"an unknown subnet":         {cloud.NotFound, func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeSubnets] = "subnet-0" }},
		"two subnets of a zone": {cloud.Invalid, func(b *lb.LoadBalancer) {
			b.Attributes[lb.AttributeSubnets] = w.public[zones[0]] + "," + w.places[zones[0]]
		}},
		"internal and Elastic": {cloud.Invalid, func(b *lb.LoadBalancer) { b.Scheme = lb.Internal; b.Frontends[0].Reserved = "eipalloc-1" }},
		"an address by value":  {cloud.Invalid, func(b *lb.LoadBalancer) { b.Frontends[0].Address = client }},
		"a slow check":         {cloud.Invalid, cloudtest.EditBackend(func(b *lb.Backend) { b.Check.Interval = time.Hour })},
		"more Elastic IPs":     {cloud.Invalid, func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = "eipalloc-1,eipalloc-2,eipalloc-3,eipalloc-4" }},
		"51 ports": {cloud.LimitExceeded, func(b *lb.LoadBalancer) {
			for n := range uint16(50) {
				b.Listeners = append(b.Listeners, port(lb.TCP, 1000+n, 31000+n))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.lb.Want(cloudtest.On(service("web", c.edit), w.nodes), got)
			(&balanced{T: t}).refused(err, c.reason)
		})
	}
}

func TestBothFamiliesComeAndGo(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	for _, id := range w.public {
		_, err := w.sim.AddIPv6(id)
		w.must(err)
	}
	b := service("web")
	w.made(b)
	arn := w.one().ARN
	both := service("web", func(b *lb.LoadBalancer) {
		b.Frontends = append(b.Frontends, lb.Frontend{Family: lb.IPv6})
		b.AllowedSources = append(b.AllowedSources, prefix("::/0"))
	})
	w.made(both)
	got, err := w.sim.Reaches(w.one().Name, "tcp", 80, netip.MustParseAddr("2001:db8::1"))
	if len(got) != 3 {
		t.Errorf("IPv6 reaches %v, %v", got, err)
	}
	w.reaches("tcp", 80, 3)
	w.made(b)
	if _, err := w.sim.Reaches(w.one().Name, "tcp", 80, netip.MustParseAddr("2001:db8::1")); err == nil || w.one().ARN != arn {
		t.Errorf("IPv6 still reaches it (%v), or it was replaced", err)
	}
}

func TestFurtherTagsAreAdded(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	w.made(service("web"))
	b := service("web", func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeTags] = "team=net,cost=7" })
	w.made(b)
	for what, tags := range map[string]map[string]string{"balancer": w.one().Tags, "target group": w.sim.TargetGroups()[0].Tags} {
		if tags["team"] != "net" || tags["cost"] != "7" {
			t.Errorf("the %s has %v", what, tags)
		}
	}
	w.tag(w.one().Groups[0], "other", "hand")
	w.settled(b) // what somebody else put there is let be
}

func TestAPrivateAddressDecidesTheSubnet(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web", func(b *lb.LoadBalancer) {
		b.Scheme = lb.Internal
		b.Frontends[0].Address = netip.MustParseAddr("10.0.32.77")
	})
	w.made(b)
	if got := w.one().Subnets; !slices.Equal(got, []string{w.places[zones[1]]}) {
		t.Errorf("it is in %v", got)
	}
	w.reaches("tcp", 80, 1)
}

func TestNobodysNameIsTaken(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	var name string
	for _, a := range w.plan(b, w.read()) {
		if a.Kind == "LoadBalancer" {
			name = a.Name
		}
	}
	_, err := w.elb.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: &name, Type: "network", Subnets: []string{w.public[zones[0]]}})
	w.must(err)
	_, err = w.apply(b)
	w.refused(err, cloud.Conflict)
	if one := w.one(); len(one.Listeners) != 0 || len(one.Tags) != 0 {
		t.Errorf("it was changed: %+v", one)
	}
	w.must(w.gone(b))
	w.one()
}

func TestLimitsAndTroubleAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sim    awssim.Config
		harm   func(*balanced)
		reason cloud.Reason
		words  []string
	}{
		"a quota":         {awssim.Config{Balancers: 1}, func(w *balanced) { w.made(service("other")) }, cloud.QuotaExceeded, []string{"TooManyLoadBalancers", "Service Quotas"}},
		"a denied action": {awssim.Config{Denied: []string{"CreateTargetGroup"}}, nil, cloud.PermissionDenied, []string{"elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags"}},
		"a denied rule":   {awssim.Config{Denied: []string{"AuthorizeSecurityGroupIngress"}}, nil, cloud.PermissionDenied, []string{"ec2:AuthorizeSecurityGroupIngress"}},
		"a stopped node":  {awssim.Config{}, func(w *balanced) { w.must(w.sim.StopInstance(path.Base(w.nodes.Nodes[1].ProviderID))) }, cloud.NotFound, []string{"not in a running state", "start the instance"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalancedOrDenied(t, c.sim)
			if c.harm != nil {
				c.harm(w)
			}
			b := service("web")
			_, err := w.apply(b)
			if !strings.Contains(fmt.Sprint(err), string(c.words[0])) {
				t.Errorf("got %v, want %q", err, c.words)
			}
			for _, one := range split2(err) {
				if cloud.Is(one, c.reason) {
					for _, word := range c.words {
						if !strings.Contains(one.Error(), word) {
							t.Errorf("%q does not say %q", one, word)
						}
					}
					return
				}
			}
			t.Errorf("got %v, want %s", err, c.reason)
		})
	}
}

func newBalancedOrDenied(t *testing.T, c awssim.Config) *balanced { return newBalanced(t, c) }

// split2 is the errors of a plan.
func split2(err error) []error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()
	}
	return []error{err}
}

func TestAStoppedNodeKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	w.must(w.sim.StopInstance(path.Base(w.nodes.Nodes[1].ProviderID)))
	b := service("web")
	got := w.read()
	w.must(lb.Run(t.Context(), w.lb, w.plan(b, got), got))
	w.refused(split2(w.keep(w.read()))[0], cloud.NotFound)
	if n := len(w.sim.TargetGroups()[0].Targets); n != 2 {
		t.Errorf("%d targets", n)
	}
	if n := len(w.one().Listeners); n != 1 {
		t.Errorf("%d listeners", n)
	}
	w.settled(b)
}

func TestFreshAndLingeringThingsAreWaitedFor(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Latency: 50 * time.Millisecond, Linger: 100 * time.Millisecond}, func(c *aws.BalancerConfig) { c.Patience = 20 * time.Second })
	for _, code := range []string{"CreateListener LoadBalancerNotFound", "CreateListener TargetGroupNotFound", "RegisterTargets TargetGroupNotFound",
		"ModifyLoadBalancerAttributes LoadBalancerNotFound", "CreateLoadBalancer InvalidSecurityGroup"} {
		action, code, _ := strings.Cut(code, " ")
		w.sim.Inject(awssim.Fault{Action: action, Count: 2, Error: &awssim.APIError{Status: 400, Code: code, Message: "not found"}})
	}
	b := service("web")
	got := w.read()
	w.must(lb.Run(t.Context(), w.lb, w.plan(b, got), got))
	w.must(w.gone(b))
	w.clean()
}

func TestALostReplyIsSettledByReading(t *testing.T) {
	t.Parallel()
	b := service("web")
	w := newBalanced(t, awssim.Config{})
	seen := map[string]bool{}
	for round := 0; round < 30; round++ {
		var struck string
		w.sim.ClearFaults()
		for _, action := range []string{"CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateLoadBalancer", "CreateTargetGroup", "CreateListener",
			"RegisterTargets", "AddTags", "ModifyTargetGroupAttributes", "ModifyLoadBalancerAttributes"} {
			if !seen[action] {
				seen[action], struck = true, action
				w.sim.Inject(awssim.Fault{Action: action, Count: 1, LostReply: true})
				break
			}
		}
		_, err := w.apply(b)
		if struck == "" {
			w.must(err)
			break
		}
		if err == nil {
			continue
		}
	}
	w.sim.ClearFaults()
	w.made(b)
	w.reaches("tcp", 80, 3)
	w.must(w.gone(b))
	w.clean()
}
