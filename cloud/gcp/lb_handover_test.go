package gcp_test

import (
	"errors"
	"strings"
	"testing"

	compute "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// vips are the addresses of forwarding rules.
func (w *balanced) vips() map[string]bool {
	w.Helper()
	list, err := w.rest.ForwardingRules.List(project, region).Do()
	w.must(err)
	out := map[string]bool{}
	for _, r := range list.Items {
		out[r.IPAddress] = true
	}
	return out
}

// TestAnotherAddressTakesOver: the rules of one that cannot be kept stay until
// those of the other are there.
func TestAnotherAddressTakesOver(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.reserve(region, compute.Address{Name: "theirs"})
	w.reserve(region, compute.Address{Name: "inner", AddressType: "INTERNAL", Purpose: "SHARED_LOADBALANCER_VIP", Subnetwork: nodesPath, Address: "10.0.0.200"})
	was := w.made(shop("web"))
	for _, c := range []struct {
		name  string
		edits []func(*lb.LoadBalancer)
	}{
		{"internal", []func(*lb.LoadBalancer){internal}},
		{"internal, somebody's", []func(*lb.LoadBalancer){internal, reserved("inner")}},
		{"internal, more ports", []func(*lb.LoadBalancer){internal, listens(80, 81, 82, 83, 84, 85, 86)}},
		{"external, somebody's", []func(*lb.LoadBalancer){reserved("theirs")}},
		{"of the other tier", []func(*lb.LoadBalancer){func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeNetworkTier] = "Standard" }}},
		{"external", nil},
	} {
		b := shop("web", c.edits...)
		old := was[0].Address.String()
		both := false
		for n := 0; ; n++ {
			plan := w.unsettled(b)
			if n == 8 {
				t.Fatalf("%s: it never ends:\n%s", c.name, plan)
			}
			if strings.Contains(plan.String(), "downtime") {
				t.Errorf("%s: it is cut off:\n%s", c.name, plan)
			}
			if len(plan) == 0 {
				break
			}
			w.must(w.apply(b))
			both = both || len(w.vips()) == 2 && w.vips()[old]
		}
		if was = w.balancers.Ingresses(b, w.read()); len(was) != 1 || !both || len(w.vips()) != 1 || !w.vips()[was[0].Address.String()] {
			t.Errorf("%s: it was at %s and is at %v; rules are at %v; side by side: %v", c.name, old, was, w.vips(), both)
		}
	}
	w.gone(shop("web"))
}

// TestABalancerThatCannotBeReplacedStays, and above all its public address.
func TestABalancerThatCannotBeReplacedStays(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"another subnet that is not there": func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeSubnets] = "no-such" },
		"an address outside":               func(b *lb.LoadBalancer) { b.Frontends[0].Address = prefix("192.0.2.9/32").Addr() },
		"an address of a machine's":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalanced(t)
			was := w.made(shop("web"))
			before := w.rulesByPort()
			if edit == nil {
				edit = func(b *lb.LoadBalancer) { b.Frontends[0].Address = w.set.Nodes[0].Addresses[0] }
			}
			for range 3 {
				if err := w.apply(shop("web", internal, edit)); err == nil {
					t.Error("nothing is said")
				}
			}
			if now := w.rulesByPort(); !w.vips()[was[0].Address.String()] || now["TCP/80"] != before["TCP/80"] {
				t.Errorf("rules are at %v, it was at %v", w.vips(), was)
			}
			if now := w.made(shop("web")); now[0] != was[0] || w.rulesByPort()["TCP/80"] != before["TCP/80"] {
				t.Errorf("back again it is at %v, it was at %v", now, was)
			}
		})
	}
}

// TestAnAddressOfOneRuleIsNotAskedForMore: before anything is made.
func TestAnAddressOfOneRuleIsNotAskedForMore(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.reserve(region, compute.Address{Name: "single", AddressType: "INTERNAL", Subnetwork: nodesPath})
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"six ports":     listens(1, 2, 3, 4, 5, 6),
		"two protocols": func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, portOf(lb.UDP, 53)) },
	} {
		_, err := w.balancers.Want(cloudtest.On(shop("web", internal, reserved("single"), edit), w.set), w.read())
		if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Reason != cloud.Invalid || !strings.Contains(e.Error(), "SHARED_LOADBALANCER_VIP") || e.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.made(shop("web", internal, reserved("single"), listens(1, 2, 3, 4, 5)))
}

// TestAMachineIsInOneInstanceGroup: Services that choose other nodes cannot have
// groups beside.
func TestAMachineIsInOneInstanceGroup(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	groups := cloudtest.EditBackend(func(b *lb.Backend) { b.Attributes[lb.AttributeBackends] = lb.InstanceGroups })
	w.made(shop("web", groups))
	some := lb.NodeSet{ClusterID: "c1", Name: "some", Nodes: w.set.Nodes[:1]}
	got := w.read()
	for ref, r := range got {
		if r.Kind == "instanceGroup" {
			r.Members = w.held(r)
			got[ref] = r
		}
	}
	_, err := w.balancers.Want(cloudtest.On(shop("other", groups), some), got)
	if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Reason != cloud.Conflict || !strings.Contains(e.Error(), "instance group") || e.Remedy == "" {
		t.Errorf("got %v", err)
	}
	w.made(shop("again", groups))
	w.set = some
	w.made(shop("other")) // by endpoint groups it can
}
