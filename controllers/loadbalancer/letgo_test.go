package loadbalancer

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

// shops are a kind of owners whose objects all want the same.
type shops struct{ list []client.Object }

func (shops) Kind() string { return "Shop" }

func (s shops) List(context.Context, bool) ([]client.Object, error) { return s.list, nil }

func (shops) Wants(o client.Object, _ *View) (Wanted, bool) {
	return Wanted{Object: o, Nodes: map[string]Selection{"nodes": SelectionOf(nil)}, Balancer: lb.LoadBalancer{
		Owner: shop(o.GetName()), Scheme: lb.External, Backends: map[string]lb.Backend{"nodes": {Check: lb.KubeProxyCheck}},
		Frontends: []lb.Frontend{{Family: lb.IPv4}},
		Listeners: []lb.Listener{{Protocol: lb.TCP, Port: 80, To: lb.Target{Backend: "nodes", NodePort: 30080}}},
	}}, true
}

func (shops) Enqueue(context.Context, []types.NamespacedName) {}

// TestAnOwnerOutlivesItsNetworkWhereAnotherServesIt: it is not held back by
// what the other one of the same VPC goes on with.
func TestAnOwnerOutlivesItsNetworkWhereAnotherServesIt(t *testing.T) {
	t.Parallel()
	e := New(Config{ClusterID: "c1", Nodes: func() []*corev1.Node { return nil }})
	k := newView("other", "c1", "gcp", fake.New(), newStore("", 0, time.Now), nil)
	web := object("web")
	if e.servesAsIs(k, shops{}, web) {
		t.Error("what is not there would stay as it is")
	}
	w, _ := shops{}.Wants(web, k)
	p, err := Plan(k, k.view(), w, "c1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range p.Actions {
		now := *a.Want
		now.Address = "192.0.2.1"
		k.note(a, now)
	}
	if !e.servesAsIs(k, shops{}, web) {
		t.Error("what is there as it is to be would be changed")
	}
}
