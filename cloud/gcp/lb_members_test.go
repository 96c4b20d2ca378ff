package gcp_test

import (
	"fmt"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestNodesWithPodsOfTheirOwnAreNeverLeftOut: more of them than a balancer
// takes are refused; an external one takes more.
func TestNodesWithPodsOfTheirOwnAreNeverLeftOut(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	local := cloudtest.EditBackend(func(b *lb.Backend) {
		b.LocalOnly, b.Check = true, lb.HealthCheck{HTTP: true, Path: "/healthz", Port: 32000}
	})
	groups := cloudtest.EditBackend(func(b *lb.Backend) { b.Attributes[lb.AttributeBackends] = lb.InstanceGroups })
	many := func(n int) {
		w.set.Nodes = nil
		for i := range n {
			w.set.Nodes = append(w.set.Nodes, lb.Node{ProviderID: fmt.Sprintf("gce://%s/%s/vm-%d", project, zones[i%3], i), Subnet: subnet,
				Addresses: addrs(nth("10.128.0.0/9", 32, i).Addr())})
		}
	}
	for _, c := range []struct {
		name    string
		edits   []func(*lb.LoadBalancer)
		nodes   int
		members int // 0: it is refused
	}{
		{"internal", []func(*lb.LoadBalancer){internal, local}, 250, 250},
		{"internal, one more", []func(*lb.LoadBalancer){internal, local}, 251, 0},
		{"internal, of which any serves", []func(*lb.LoadBalancer){internal}, 1000, 250},
		{"external", []func(*lb.LoadBalancer){local}, 250, 250},
		{"external, one more", []func(*lb.LoadBalancer){local}, 251, 251},
		{"external, of which any serves", nil, 1000, 250},
		{"external, most", []func(*lb.LoadBalancer){local}, 3000, 3000},
		{"external, too many", []func(*lb.LoadBalancer){local}, 3001, 0},
		{"external by groups", []func(*lb.LoadBalancer){local, groups}, 1000, 1000},
		{"external by groups, too many", []func(*lb.LoadBalancer){local, groups}, 1001, 0},
		{"internal by groups, one more", []func(*lb.LoadBalancer){internal, local, groups}, 251, 0},
	} {
		many(c.nodes)
		want, err := w.balancers.Want(cloudtest.On(shop("web", c.edits...), w.set), lb.State{})
		members := 0
		for _, r := range w.balancers.Pools(w.set, lb.StateOf(want...)) {
			members += len(r.Members)
		}
		if members != c.members || cloud.Is(err, cloud.LimitExceeded) != (c.members == 0) {
			t.Errorf("%s: %d members (%v), want %d", c.name, members, err, c.members)
		}
	}
	// Wide pools stay, and are the set's as any other.
	many(251)
	wide, err := w.balancers.Want(cloudtest.On(shop("web", local), w.set), lb.State{})
	w.must(err)
	got := lb.StateOf(wide...)
	many(240)
	again, err := w.balancers.Want(cloudtest.On(shop("web", local), w.set), got)
	w.must(err)
	if p := lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: shop("web").Owner, Want: again}); len(p) > 0 {
		t.Errorf("a node less moves a balancer:\n%s", p)
	}
	members := 0
	for _, r := range w.balancers.Pools(w.set, got) {
		members += len(r.Members)
	}
	if members != 240 {
		t.Errorf("%d members", members)
	}
}
