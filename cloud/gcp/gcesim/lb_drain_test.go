package gcesim_test

import (
	"testing"
	"time"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// TestEndpointsDrain: an endpoint that was detached behind a proxy load balancer
// is listed, and its operation goes on, for drainingTimeoutSec.
func TestEndpointsDrain(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := &balanced{newWorld(t, gcesim.Config{Instant: true, Clock: clock})}
	w.addProxied()
	detach := func(ip string) *rest.Operation {
		t.Helper()
		op, err := w.rest.NetworkEndpointGroups.DetachNetworkEndpoints(projectID, zone, "pods",
			&rest.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: []*rest.NetworkEndpoint{pod(ip)}}).Do()
		w.must(err)
		return op
	}
	is := func(op *rest.Operation, status, healths string) {
		t.Helper()
		now, err := w.rest.ZoneOperations.Get(projectID, zone, op.Name).Do()
		w.must(err)
		if now.Status != status {
			t.Errorf("the operation is %s, want %s", now.Status, status)
		}
		if got := w.healths("SHOW"); got != healths {
			t.Errorf("listed: %s, want %s", got, healths)
		}
	}
	leaving := detach("10.4.0.7")
	is(leaving, "RUNNING", "10.4.0.7 managed DRAINING, 10.4.0.8 managed HEALTHY")
	clock.Advance(20 * time.Second)
	w.must(w.attach("pods", pod("10.4.0.7"))) // the group is ready for others meanwhile
	clock.Advance(time.Second)
	is(leaving, "DONE", "10.4.0.7 managed HEALTHY, 10.4.0.8 managed HEALTHY")

	leaving = detach("10.4.0.7")
	clock.Advance(20 * time.Second)
	again := detach("10.4.0.7")
	is(again, "RUNNING", "10.4.0.7 managed DRAINING, 10.4.0.8 managed HEALTHY")
	clock.Advance(9 * time.Second)
	is(leaving, "RUNNING", "10.4.0.7 managed DRAINING, 10.4.0.8 managed HEALTHY")
	clock.Advance(time.Second)
	is(leaving, "DONE", "10.4.0.8 managed HEALTHY")
	is(again, "DONE", "10.4.0.8 managed HEALTHY")
	if n, err := w.rest.NetworkEndpointGroups.Get(projectID, zone, "pods").Do(); err != nil || n.Size != 1 {
		t.Errorf("the group is %+v, %v", n, err)
	}

	leaving = detach("10.4.0.8")
	w.must(w.sim.DeleteInstance(projectID, zone, "node"))
	clock.Advance(time.Second)
	is(leaving, "DONE", "")
}

// TestPassthroughEndpointsLeaveAtOnce: their group is of machines.
func TestPassthroughEndpointsLeaveAtOnce(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	now, err := w.rest.RegionBackendServices.Get(projectID, region, "bs").Do()
	w.must(err)
	w.must(done(w.rest.RegionBackendServices.Patch(projectID, region, "bs", &rest.BackendService{Fingerprint: now.Fingerprint,
		ConnectionDraining: &rest.ConnectionDraining{DrainingTimeoutSec: 30}}).Do()))
	op, err := w.rest.NetworkEndpointGroups.DetachNetworkEndpoints(projectID, zone, "neg",
		&rest.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: []*rest.NetworkEndpoint{{Instance: "vm"}}}).Do()
	w.must(err)
	if op.Status != "DONE" {
		t.Errorf("the operation is %s", op.Status)
	}
}
