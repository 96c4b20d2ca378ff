package gcesim_test

import (
	"fmt"
	"strings"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// The generated client drops empty lists, so its request changes nothing; the
// discovery client can clear the list.
func TestEmptyListTrap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	vm := w.addVM("vm", "10.4.1.0/24")
	nic := "nic0"
	op, err := w.instancesClient().UpdateNetworkInterface(w.ctx, &computepb.UpdateNetworkInterfaceInstanceRequest{
		Project: projectID, Zone: zone, Instance: "vm", NetworkInterface: nic,
		NetworkInterfaceResource: &computepb.NetworkInterface{
			AliasIpRanges: []*computepb.AliasIpRange{}, Fingerprint: &vm.Interfaces[0].Fingerprint,
		},
	})
	w.must(err)
	w.must(op.Wait(w.ctx))
	if now, _ := w.sim.Instance(projectID, zone, "vm"); len(now.Interfaces[0].Aliases) != 1 {
		t.Fatalf("the generated client cleared the list: %v", now.Interfaces[0].Aliases)
	}
	_, err = w.setAliases("vm")
	w.must(err)
	if now, _ := w.sim.Instance(projectID, zone, "vm"); len(now.Interfaces[0].Aliases) != 0 {
		t.Fatalf("the list was not cleared: %v", now.Interfaces[0].Aliases)
	}
}

func TestAliasUpdateIsRefused(t *testing.T) {
	t.Parallel()
	many := make([]*rest.AliasIpRange, 151)
	for i := range many {
		many[i] = alias(fmt.Sprintf("10.5.%d.0/28", i))
	}
	for name, tc := range map[string]struct {
		want    []*rest.AliasIpRange
		message string
	}{
		"adding and removing at once": {[]*rest.AliasIpRange{alias("10.4.2.0/24")}, "Cannot simultaneously add and remove alias IP ranges."},
		"outside its range":           {[]*rest.AliasIpRange{alias("10.4.1.0/24"), alias("10.8.0.0/24")}, "must be within the range"},
		"an unknown range": {[]*rest.AliasIpRange{alias("10.4.1.0/24"), {IpCidrRange: "10.4.2.0/24", SubnetworkRangeName: "none"}},
			"The specified subnetwork secondary range does not exist."},
		"host bits":                    {[]*rest.AliasIpRange{alias("10.4.1.1/24")}, "host bits"},
		"the same twice":               {[]*rest.AliasIpRange{alias("10.4.1.0/24"), alias("10.4.1.0/24")}, "Duplicate"},
		"more than 150":                {many, "at most 150"},
		"reserved in the primary":      {[]*rest.AliasIpRange{alias("10.4.1.0/24"), {IpCidrRange: "10.0.0.0/24"}}, "reserved"},
		"a range name that is no more": {[]*rest.AliasIpRange{{IpCidrRange: "10.4.1.0/24"}}, "must be within the range 10.0.0.0/20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{Instant: true})
			w.addVM("vm", "10.4.1.0/24")
			_, err := w.setAliases("vm", tc.want...)
			code, reason, message := failure(err)
			if code != 400 || reason != "invalid" || !strings.Contains(message, tc.message) {
				t.Fatalf("got %d %s %q, want 400 invalid ...%s...", code, reason, message, tc.message)
			}
		})
	}
}

func TestAliasForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("other", "10.4.0.0/24")
	w.addVM("vm")
	_, err := w.setAliases("vm", alias("/24"), alias("10.4.9.9"), &rest.AliasIpRange{IpCidrRange: "10.0.1.0/28"})
	w.must(err)
	vm, _ := w.sim.Instance(projectID, zone, "vm")
	got := fmt.Sprint(vm.Interfaces[0].Aliases)
	if want := "[{10.4.1.0/24 pods} {10.4.9.9/32 pods} {10.0.1.0/28 }]"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestAliasInUseFailsTheOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("other", "10.4.1.0/24")
	w.addVM("vm")
	op, err := w.setAliases("vm", alias("10.4.0.0/24"), alias("10.4.1.128/25"))
	w.must(err)
	if op.Status != "DONE" || op.Error == nil || op.HttpErrorStatusCode != 400 ||
		op.Error.Errors[0].Code != "IP_IN_USE_BY_ANOTHER_RESOURCE" {
		t.Fatalf("got %+v", op)
	}
	if _, err := w.setAliases("other", alias("10.4.1.0/24"), alias("10.4.0.0/24")); err != nil {
		t.Fatalf("the failed operation kept a range: %v", err)
	}
}
