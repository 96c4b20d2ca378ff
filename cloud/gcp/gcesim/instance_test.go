package gcesim_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

func TestRecreatedInstanceHasANewID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	first := w.addVM("vm", "10.4.1.0/24")
	_, err := w.rest.Instances.Delete(projectID, zone, "vm").Do()
	w.must(err)
	second := w.addVM("vm", "10.4.1.0/24") // its addresses are free again
	if first.ID == second.ID || first.Interfaces[0].IP != second.Interfaces[0].IP {
		t.Fatalf("first %+v, second %+v", first, second)
	}
}

func TestInstanceInsertIsRefused(t *testing.T) {
	t.Parallel()
	nodes := "regions/us-central1/subnetworks/nodes"
	for name, tc := range map[string]struct {
		zone   string
		vm     rest.Instance
		code   int
		reason string
	}{
		"a taken name":       {zone, rest.Instance{Name: "vm", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes}}}, 409, "alreadyExists"},
		"a bad name":         {zone, rest.Instance{Name: "VM", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes}}}, 400, "invalid"},
		"no interface":       {zone, rest.Instance{Name: "new"}, 400, "invalid"},
		"no such subnetwork": {zone, rest.Instance{Name: "new", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes + "x"}}}, 404, "notFound"},
		"another region":     {"us-east1-b", rest.Instance{Name: "new", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes}}}, 400, "invalid"},
		"an unknown zone":    {"mars-1a", rest.Instance{Name: "new", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes}}}, 400, "invalid"},
		"an address outside": {zone, rest.Instance{Name: "new", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes, NetworkIP: "10.9.9.9"}}}, 400, "invalid"},
		"a reserved address": {zone, rest.Instance{Name: "new", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes, NetworkIP: "10.0.15.254"}}}, 400, "invalid"},
		"an unknown alias range": {zone, rest.Instance{Name: "new", NetworkInterfaces: []*rest.NetworkInterface{{Subnetwork: nodes,
			AliasIpRanges: []*rest.AliasIpRange{{IpCidrRange: "/24", SubnetworkRangeName: "none"}}}}}, 400, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{Instant: true})
			w.addVM("vm")
			_, err := w.rest.Instances.Insert(projectID, tc.zone, &tc.vm).Do()
			if code, reason, _ := failure(err); code != tc.code || reason != tc.reason {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestSharedVPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true, Projects: []string{"service"}})
	_, err := w.rest.Instances.Insert("service", zone, &rest.Instance{Name: "vm", NetworkInterfaces: []*rest.NetworkInterface{{
		Subnetwork:    "projects/p1/regions/us-central1/subnetworks/nodes",
		AliasIpRanges: []*rest.AliasIpRange{alias("/24")},
	}}}).Do()
	w.must(err)
	vm, ok := w.sim.Instance("service", zone, "vm")
	if !ok || vm.Interfaces[0].Network != "https://www.googleapis.com/compute/v1/projects/p1/global/networks/vpc" || len(vm.Interfaces[0].Aliases) != 1 {
		t.Fatalf("got %+v", vm)
	}
	// One address space: the host project's VM cannot take the same range.
	w.addVM("host")
	op, err := w.setAliases("host", alias(vm.Interfaces[0].Aliases[0].Prefix.String()))
	w.must(err)
	if op.Error == nil {
		t.Fatal("two VMs hold one range")
	}
}

func TestDeletedVMEndsItsOperation(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, Latency: minute})
	w.addVM("vm")
	op, err := w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	w.must(w.sim.DeleteInstance(projectID, zone, "vm"))
	again := w.addVM("vm")
	clock.Advance(minute)
	op, err = w.rest.ZoneOperations.Get(projectID, zone, op.Name).Do()
	w.must(err)
	if op.Error == nil || op.Error.Errors[0].Code != "RESOURCE_NOT_FOUND" || op.TargetId == again.ID {
		t.Fatalf("got %+v", op)
	}
	w.addVM("other", "10.4.1.0/24") // the claim was given back
}

// Of many who ask for one range at once, exactly one gets it, whatever the
// order in which their operations end.
func TestOneRangeHasOneHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Latency: 5 * millisecond})
	const n = 20
	var wg sync.WaitGroup
	for i := range n {
		w.addVM(fmt.Sprintf("vm-%d", i))
	}
	for i := range n {
		wg.Go(func() {
			op, err := w.setAliases(fmt.Sprintf("vm-%d", i), alias("10.4.1.0/24"))
			if err == nil {
				_, err = w.rest.ZoneOperations.Wait(projectID, zone, op.Name).Do()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	holders := 0
	for _, i := range w.sim.Instances() {
		holders += len(i.Interfaces[0].Aliases)
	}
	if holders != 1 {
		t.Fatalf("%d holders", holders)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("vm")
	insert := func(name, dest string) (*rest.Operation, error) {
		return w.rest.Routes.Insert(projectID, &rest.Route{
			Name: name, Network: "global/networks/vpc", DestRange: dest, NextHopInstance: "zones/" + zone + "/instances/vm",
		}).Do()
	}
	op, err := insert("r1", "192.168.0.0/24")
	w.must(err)
	if len(op.Warnings) != 1 || op.Warnings[0].Code != "NEXT_HOP_CANNOT_IP_FORWARD" {
		t.Errorf("a VM that may not forward: %+v", op.Warnings)
	}
	_, err = insert("r1", "192.168.1.0/24")
	if code, reason, _ := failure(err); code != 409 || reason != "alreadyExists" {
		t.Errorf("the same name: %v", err)
	}
	for _, dest := range []string{"10.0.0.0/20", "10.4.3.0/24"} {
		_, err = insert("r2", dest)
		if code, reason, _ := failure(err); code != 400 || reason != "invalid" {
			t.Errorf("%s is within a subnet range: %v", dest, err)
		}
	}
	_, err = insert("r3", "10.0.0.0/8") // broader than any subnet range
	w.must(err)
	local, err := w.rest.Routes.List(projectID).Filter(`destRange = "10.4.0.0/14"`).Do()
	w.must(err)
	if len(local.Items) != 1 || local.Items[0].NextHopNetwork == "" {
		t.Fatalf("the secondary range's local route: %v", local.Items)
	}
	if _, err = w.rest.Routes.Delete(projectID, local.Items[0].Name).Do(); err == nil {
		t.Error("a local route was deleted")
	}
	_, err = w.rest.Routes.Delete(projectID, "r1").Do()
	w.must(err)
}

// allowSubnetCidrRoutesOverlap lets a subnetwork cover a static route.
func TestHybridSubnetMayCoverARoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.must(w.sim.AddRoute(gcesim.Route{Project: projectID, Name: "r", Network: "vpc", Dest: pfx("10.40.3.0/24"), NextHopIP: netip.MustParseAddr("10.0.0.9")}))
	sub := gcesim.Subnetwork{Project: projectID, Region: region, Name: "hybrid", Network: "vpc", Primary: pfx("10.40.0.0/16")}
	if w.sim.AddSubnetwork(sub) == nil {
		t.Fatal("a subnetwork covers a static route")
	}
	sub.AllowRouteOverlap = true
	w.must(w.sim.AddSubnetwork(sub))
}

func TestAddressesOccupySpace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	_, err := w.rest.GlobalAddresses.Insert(projectID, &rest.Address{
		Name: "psa", AddressType: "INTERNAL", Purpose: "VPC_PEERING", Network: "global/networks/vpc", PrefixLength: 16,
	}).Do()
	w.must(err)
	psa, err := w.rest.GlobalAddresses.Get(projectID, "psa").Do()
	w.must(err)
	_, err = w.setRanges(secondary("pods", "10.4.0.0/14"), secondary("new", psa.Address+"/20"))
	if code, _, _ := failure(err); code != 400 {
		t.Errorf("a secondary range in a reserved block: %v", err)
	}
	_, err = w.rest.Addresses.Insert(projectID, region, &rest.Address{
		Name: "vip", AddressType: "INTERNAL", Subnetwork: "regions/us-central1/subnetworks/nodes", Address: "10.0.0.50",
	}).Do()
	w.must(err)
	_, err = w.sim.AddInstance(gcesim.Instance{Project: projectID, Zone: zone, Name: "vm", Interfaces: []gcesim.Interface{
		{Subnetwork: "nodes", IP: netip.MustParseAddr("10.0.0.50")}}})
	if err == nil {
		t.Error("a VM took a reserved address")
	}
	a, err := w.rest.Addresses.AggregatedList(projectID).Do()
	w.must(err)
	if len(a.Items["global"].Addresses) != 1 || len(a.Items["regions/"+region].Addresses) != 1 {
		t.Errorf("got %+v", a.Items)
	}
	_, err = w.rest.Addresses.Delete(projectID, region, "vip").Do()
	w.must(err)
	_, err = w.rest.GlobalAddresses.Delete(projectID, "psa").Do()
	w.must(err)
	_, err = w.setRanges(secondary("pods", "10.4.0.0/14"), secondary("new", psa.Address+"/20"))
	w.must(err)
}

func TestPlacesAndPeeringRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	regions, err := w.rest.Regions.List(projectID).Do()
	w.must(err)
	zones, err := w.rest.Zones.List(projectID).Filter("region eq .*/us-central1").Do()
	w.must(err)
	if len(regions.Items) != 3 || len(zones.Items) != 4 {
		t.Fatalf("%d regions, %d zones", len(regions.Items), len(zones.Items))
	}
	w.must(w.sim.AddPeering(projectID, "vpc", "peer", "projects/x/global/networks/y", pfx("10.60.0.0/16")))
	l, err := w.rest.Networks.ListPeeringRoutes(projectID, "vpc").PeeringName("peer").Direction("INCOMING").Region(region).Do()
	w.must(err)
	if len(l.Items) != 1 || l.Items[0].DestRange != "10.60.0.0/16" {
		t.Fatalf("got %v", l.Items)
	}
}
