package gcesim_test

import (
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

func TestEffectsAppearWhenDone(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, Latency: 10 * time.Second})
	w.addVM("vm")
	op, err := w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	if op.Status != "PENDING" || op.OperationType != "updateNetworkInterface" {
		t.Fatalf("at once: %+v", op)
	}
	clock.Advance(5 * time.Second)
	op, err = w.rest.ZoneOperations.Get(projectID, zone, op.Name).Do()
	w.must(err)
	if vm, _ := w.sim.Instance(projectID, zone, "vm"); op.Status != "RUNNING" || len(vm.Interfaces[0].Aliases) != 0 {
		t.Fatalf("half way: %s, %v", op.Status, vm.Interfaces[0].Aliases)
	}
	if _, err = w.setAliases("vm"); err == nil {
		t.Fatal("a second change of a busy VM was accepted")
	}
	if code, reason, _ := failure(err); code != 400 || reason != "resourceNotReady" {
		t.Fatalf("busy VM: %v", err)
	}
	clock.Advance(5 * time.Second)
	op, err = w.rest.ZoneOperations.Get(projectID, zone, op.Name).Do()
	w.must(err)
	if vm, _ := w.sim.Instance(projectID, zone, "vm"); op.Status != "DONE" || len(vm.Interfaces[0].Aliases) != 1 {
		t.Fatalf("at the end: %s, %v", op.Status, vm.Interfaces[0].Aliases)
	}
	clock.Advance(2 * time.Hour)
	_, err = w.rest.ZoneOperations.Get(projectID, zone, op.Name).Do()
	if code, _, _ := failure(err); code != 404 {
		t.Fatalf("finished operations expire, got %v", err)
	}
}

func TestWaitReturnsWhenDoneOrAtTheLimit(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, Latencies: map[string]time.Duration{"subnetworks.patch": 3 * time.Minute}})
	op, err := w.setRanges(secondary("pods", "10.4.0.0/14"), secondary("more", "10.20.0.0/16"))
	w.must(err)
	for _, want := range []string{"RUNNING", "DONE"} {
		done := make(chan *rest.Operation)
		go func() {
			defer close(done)
			if op, err := w.rest.RegionOperations.Wait(projectID, region, op.Name).Context(w.ctx).Do(); err == nil {
				done <- op
			}
		}()
		clock.Awaited()
		clock.Advance(2 * time.Minute)
		if got := <-done; got == nil || got.Status != want {
			t.Fatalf("got %+v, want %s", got, want)
		}
	}
}

func TestBusySubnetworkRefusesNewInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true, Clock: simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), Latency: time.Minute})
	_, err := w.setRanges(secondary("pods", "10.4.0.0/14"), secondary("more", "10.20.0.0/16"))
	w.must(err)
	_, err = w.rest.Instances.Insert(projectID, zone, &rest.Instance{
		Name: "vm", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: "regions/us-central1/subnetworks/nodes"}},
	}).Do()
	if code, reason, _ := failure(err); code != 400 || reason != "resourceNotReady" {
		t.Fatalf("got %v", err)
	}
}

func TestRequestIDIsIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	vm := w.addVM("vm")
	update := func(id, cidr string) (*rest.Operation, error) {
		return w.rest.Instances.UpdateNetworkInterface(projectID, zone, "vm", "nic0", &rest.NetworkInterface{
			Fingerprint: vm.Interfaces[0].Fingerprint, AliasIpRanges: []*rest.AliasIpRange{alias(cidr)},
		}).RequestId(id).Do()
	}
	const id = "6f1c5fd0-4f0a-4f52-8a0e-6f2f2b0e9a11"
	first, err := update(id, "10.4.1.0/24")
	w.must(err)
	again, err := update(id, "10.4.1.0/24") // its fingerprint is stale by now
	w.must(err)
	if first.Name != again.Name || first.ClientOperationId != id {
		t.Fatalf("got %s and %s, client id %s", first.Name, again.Name, first.ClientOperationId)
	}
	for _, bad := range []string{"00000000-0000-0000-0000-000000000000", "not-a-uuid"} {
		if _, err := update(bad, "10.4.1.0/24"); err == nil {
			t.Errorf("request id %q was accepted", bad)
		}
	}
}

// The generated clients' own Wait works on the simulator's operations.
func TestGeneratedClientsWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Latency: 20 * time.Millisecond})
	c := w.instancesClient()
	name, sub := "vm", "regions/us-central1/subnetworks/nodes"
	op, err := c.Insert(w.ctx, &computepb.InsertInstanceRequest{Project: projectID, Zone: zone, InstanceResource: &computepb.Instance{
		Name: &name, NetworkInterfaces: []*computepb.NetworkInterface{{Subnetwork: &sub}},
	}})
	w.must(err)
	zones, err := compute.NewZoneOperationsRESTClient(w.ctx, w.options()...)
	w.must(err)
	defer zones.Close()
	done, err := zones.Wait(w.ctx, &computepb.WaitZoneOperationRequest{Project: projectID, Zone: zone, Operation: op.Name()})
	w.must(err)
	if done.GetStatus() != computepb.Operation_DONE {
		t.Fatalf("got %v", done)
	}
	i, err := c.Get(w.ctx, &computepb.GetInstanceRequest{Project: projectID, Zone: zone, Instance: name})
	w.must(err)
	if i.GetId() == 0 || i.GetNetworkInterfaces()[0].GetNetworkIP() != "10.0.0.2" {
		t.Fatalf("got %v", i)
	}
}

func TestReleasedRangeRests(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, ReleaseDelay: time.Minute})
	w.addVM("a", "10.4.1.0/24")
	w.addVM("b")
	_, err := w.setAliases("a")
	w.must(err)
	op, err := w.setAliases("b", alias("10.4.1.0/24"))
	w.must(err)
	if op.Error == nil {
		t.Fatal("the range moved at once")
	}
	clock.Advance(time.Minute)
	op, err = w.setAliases("b", alias("10.4.1.0/24"))
	w.must(err)
	if op.Error != nil {
		t.Fatalf("the range never moved: %+v", op.Error.Errors[0])
	}
}
