package gcp_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	compute "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestEndpointsThatDrainHoldNobodyUp: the operation that takes them out lasts
// until their connections have had their time, and they are listed until then.
func TestEndpointsThatDrainHoldNobodyUp(t *testing.T) {
	t.Parallel()
	w := newBalancerWorld(t)
	n := w.AddNode(0)
	e := lb.Endpoints{Owner: cloud.Owner{ClusterID: "c1", Kind: lb.KindEndpointGroup, Namespace: "shop", Name: "web"}, Protocol: lb.TCP, Family: lb.IPv4, Nodes: []lb.Node{n}}
	got, err := w.balancers.Read(t.Context(), "c1")
	w.must(err)
	groups, _, err := w.balancers.EndpointGroups(e, got)
	w.must(err)
	w.must(lb.Run(t.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: e.Owner, Want: groups, Keep: true}), got))
	group := groups[0]
	_, err = w.rest.RegionHealthChecks.Insert(project, region, &compute.HealthCheck{Name: "hc", Type: "TCP", TcpHealthCheck: &compute.TCPHealthCheck{PortSpecification: "USE_SERVING_PORT"}}).Do()
	w.must(err)
	w.must(w.soon(func() error {
		_, err := w.rest.RegionBackendServices.Insert(project, region, &compute.BackendService{Name: "proxied", LoadBalancingScheme: "INTERNAL_MANAGED", Protocol: "TCP",
			HealthChecks: []string{"projects/" + project + "/regions/" + region + "/healthChecks/hc"}, ConnectionDraining: &compute.ConnectionDraining{DrainingTimeoutSec: 300},
			Backends: []*compute.Backend{{Group: group.ID, BalancingMode: "CONNECTION", MaxConnectionsPerEndpoint: 100}}}).Do()
		return err
	}))
	member := func(port uint16) string { return "node-0 " + netip.AddrPortFrom(n.Addresses[0], port).String() }
	w.must(w.soon(func() error { return w.balancers.Attach(t.Context(), group.Group(), []string{member(80), member(81)}) }))
	began := time.Now()
	w.must(w.balancers.Detach(t.Context(), group.Group(), []string{member(80)}))
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it was waited for the whole draining: %s", took)
	}
	held, err := w.balancers.List(t.Context(), group.Group())
	if want := []string{member(81)}; err != nil || !slices.Equal(held, want) {
		t.Errorf("the group holds %v (%v), want %v", held, err, want)
	}
	w.must(w.balancers.Attach(t.Context(), group.Group(), []string{member(82)}))
	w.must(w.balancers.Attach(t.Context(), group.Group(), []string{member(80)})) // which ends the draining
	held, err = w.balancers.List(t.Context(), group.Group())
	if want := []string{member(80), member(81), member(82)}; err != nil || !slices.Equal(held, want) {
		t.Errorf("the group holds %v (%v), want %v", held, err, want)
	}
}

// soon tries again while something that it names is being made.
func (w *balancerWorld) soon(try func() error) (err error) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}

// TestASlowDetachmentThatFailsIsNotTakenForDraining: that the operation goes on
// says nothing while the endpoints are still attached.
func TestASlowDetachmentThatFailsIsNotTakenForDraining(t *testing.T) {
	t.Parallel()
	w := newBalancerWorld(t)
	n := w.AddNode(0)
	e := lb.Endpoints{Owner: cloud.Owner{ClusterID: "c1", Kind: lb.KindEndpointGroup, Namespace: "shop", Name: "web"}, Protocol: lb.TCP, Family: lb.IPv4, Nodes: []lb.Node{n}}
	got, err := w.balancers.Read(t.Context(), "c1")
	w.must(err)
	groups, _, err := w.balancers.EndpointGroups(e, got)
	w.must(err)
	w.must(lb.Run(t.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: e.Owner, Want: groups, Keep: true}), got))
	group, member := groups[0].Group(), []string{"node-0 " + netip.AddrPortFrom(n.Addresses[0], 80).String()}
	w.must(w.soon(func() error { return w.balancers.Attach(t.Context(), group, member) }))
	w.sim.Inject(gcesim.Fault{Method: "networkEndpointGroups.detachNetworkEndpoints", Count: 1, Slow: 4 * time.Second,
		OperationError: &gcesim.OperationError{Code: "INTERNAL_ERROR", Message: "try again"}})
	if err := w.balancers.Detach(t.Context(), group, member); err == nil {
		t.Error("it failed after a while, and is taken for done")
	}
	if held, err := w.balancers.List(t.Context(), group); err != nil || !slices.Equal(held, member) {
		t.Errorf("the group holds %v (%v), want %v", held, err, member)
	}
}
