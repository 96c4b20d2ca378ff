package gcesim_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	rest "google.golang.org/api/compute/v1"
	"google.golang.org/protobuf/proto"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func TestSecondaryRangeIsRefused(t *testing.T) {
	t.Parallel()
	pods := secondary("pods", "10.4.0.0/14")
	for name, tc := range map[string]struct {
		want            []*rest.SubnetworkSecondaryRange
		code            int
		reason, message string
	}{
		"adding and removing at once": {[]*rest.SubnetworkSecondaryRange{secondary("new", "10.20.0.0/16")}, 400, "invalid",
			"Cannot add and remove secondary IP ranges in the same request. Added ranges: [10.20.0.0/16]. \nRemoved ranges: [10.4.0.0/14]."},
		"editing": {[]*rest.SubnetworkSecondaryRange{secondary("pods", "10.20.0.0/16")}, 400, "invalid",
			"Existing secondary range cannot be modified"},
		"renaming conflicts with itself": {[]*rest.SubnetworkSecondaryRange{secondary("new", "10.4.0.0/14")}, 400, "invalid",
			"Invalid IPCidrRange: 10.4.0.0/14 conflicts with existing subnetwork 'nodes' in region 'us-central1'."},
		"overlap with the primary": {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.0.8.0/24")}, 400, "invalid",
			"conflicts with existing subnetwork 'nodes' in region 'us-central1'."},
		"overlap in another region": {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.30.0.0/17")}, 400, "invalid",
			"conflicts with existing subnetwork 'far' in region 'us-east1'."},
		"overlap with each other": {[]*rest.SubnetworkSecondaryRange{pods, secondary("a", "10.20.0.0/16"), secondary("b", "10.20.1.0/24")}, 400, "invalid",
			"conflicts with existing subnetwork 'nodes'"},
		"overlap with a static route": {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.40.0.0/16")}, 400, "invalid",
			"conflicts with existing route 'vpn'"},
		"overlap with a reserved block": {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.50.0.0/20")}, 400, "invalid",
			"conflicts with existing allocated range 'services'"},
		"overlap with a peering route": {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.60.0.0/20")}, 400, "invalid",
			"conflicts with existing peering route of 'peer'"},
		"smaller than /29":   {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.20.0.0/30")}, 400, "invalid", "prefix length"},
		"host bits":          {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "10.20.0.1/16")}, 400, "invalid", "host bits"},
		"prohibited":         {[]*rest.SubnetworkSecondaryRange{pods, secondary("new", "169.254.8.0/24")}, 400, "invalid", "prohibited"},
		"a bad name":         {[]*rest.SubnetworkSecondaryRange{pods, secondary("New_", "10.20.0.0/16")}, 400, "invalid", "match of regex"},
		"the same name":      {[]*rest.SubnetworkSecondaryRange{pods, pods}, 400, "invalid", "unique"},
		"removing it in use": {nil, 400, "resourceInUseByAnotherResource", "already being used by 'projects/p1/zones/us-central1-a/instances/vm'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{Instant: true})
			w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: projectID, Region: "us-east1", Name: "far", Network: "vpc", Primary: pfx("10.30.0.0/16")}))
			w.must(w.sim.AddRoute(gcesim.Route{Project: projectID, Name: "vpn", Network: "vpc", Dest: pfx("10.40.3.0/24"), NextHopIP: netip.MustParseAddr("10.0.0.9")}))
			w.must(w.sim.ReserveRange(projectID, "vpc", "services", pfx("10.50.0.0/16")))
			w.must(w.sim.AddPeering(projectID, "vpc", "peer", "projects/other/global/networks/n", pfx("10.60.0.0/16")))
			w.addVM("vm", "10.4.1.0/24")
			before := fmt.Sprint(w.sim.Subnetworks())
			_, err := w.setRanges(tc.want...)
			code, reason, message := failure(err)
			if code != tc.code || reason != tc.reason || !strings.Contains(message, tc.message) {
				t.Fatalf("got %d %s %q, want %d %s ...%s...", code, reason, message, tc.code, tc.reason, tc.message)
			}
			if after := fmt.Sprint(w.sim.Subnetworks()); after != before {
				t.Fatalf("a refused patch changed %s to %s", before, after)
			}
			// Nothing of the refused request stays claimed.
			_, err = w.setRanges(pods, secondary("fine", "10.21.0.0/16"))
			w.must(err)
		})
	}
}

func TestSubnetworkPatchMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	sub, err := w.rest.Subnetworks.Get(projectID, region, "nodes").Do()
	w.must(err)
	// Without the field nothing changes, not even the fingerprint.
	_, err = w.rest.Subnetworks.Patch(projectID, region, "nodes", &rest.Subnetwork{Fingerprint: sub.Fingerprint}).Do()
	w.must(err)
	// The generated client drops an empty list.
	_, err = w.subnetworksClient().Patch(w.ctx, &computepb.PatchSubnetworkRequest{
		Project: projectID, Region: region, Subnetwork: "nodes",
		SubnetworkResource: &computepb.Subnetwork{Fingerprint: proto.String(sub.Fingerprint), SecondaryIpRanges: []*computepb.SubnetworkSecondaryRange{}},
	})
	w.must(err)
	if got := w.sim.Subnetworks()[0]; len(got.Secondary) != 1 || got.Fingerprint != sub.Fingerprint {
		t.Fatalf("got %+v", got)
	}
	_, err = w.setRanges()
	w.must(err)
	if got := w.sim.Subnetworks()[0]; len(got.Secondary) != 0 || got.Fingerprint == sub.Fingerprint {
		t.Fatalf("got %+v", got)
	}
	// The space is free again, and its route is gone.
	_, err = w.setRanges(secondary("other", "10.4.0.0/16"))
	w.must(err)
	routes, err := w.rest.Routes.List(projectID).Filter(`nextHopNetwork:*`).Do()
	w.must(err)
	var dests []string
	for _, r := range routes.Items {
		dests = append(dests, r.DestRange)
	}
	if len(dests) != 2 || !strings.Contains(fmt.Sprint(dests), "10.4.0.0/16") {
		t.Fatalf("local routes: %v", dests)
	}
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	vm := w.addVM("vm")
	stale := vm.Interfaces[0].Fingerprint
	_, err := w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	patchNIC := func(fingerprint string) error {
		_, err := w.rest.Instances.UpdateNetworkInterface(projectID, zone, "vm", "nic0",
			&rest.NetworkInterface{Fingerprint: fingerprint, AliasIpRanges: []*rest.AliasIpRange{alias("10.4.1.0/24")}}).Do()
		return err
	}
	patchSubnet := func(fingerprint string) error {
		_, err := w.rest.Subnetworks.Patch(projectID, region, "nodes", &rest.Subnetwork{Fingerprint: fingerprint}).Do()
		return err
	}
	for name, err := range map[string]error{"interface": patchNIC(""), "subnetwork": patchSubnet("")} {
		if code, reason, _ := failure(err); code != 400 || reason != "required" {
			t.Errorf("%s without a fingerprint: %v", name, err)
		}
	}
	for name, err := range map[string]error{"interface": patchNIC(stale), "subnetwork": patchSubnet("AAAAAAAAAAA=")} {
		if code, reason, _ := failure(err); code != 412 || reason != "conditionNotMet" {
			t.Errorf("%s with a stale fingerprint: %v", name, err)
		}
	}
}

func TestOtherFieldsCannotBeUpdated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	vm := w.addVM("vm")
	_, err := w.rest.Instances.UpdateNetworkInterface(projectID, zone, "vm", "nic0", &rest.NetworkInterface{
		Fingerprint: vm.Interfaces[0].Fingerprint, AccessConfigs: []*rest.AccessConfig{{Name: "x"}},
	}).Do()
	if _, _, message := failure(err); !strings.Contains(message, "Updating this field is not supported") {
		t.Errorf("accessConfigs: %v", err)
	}
	_, err = w.rest.Instances.UpdateNetworkInterface(projectID, zone, "vm", "nic7", &rest.NetworkInterface{Fingerprint: "x"}).Do()
	if code, _, _ := failure(err); code != 400 {
		t.Errorf("unknown interface: %v", err)
	}
	sub := w.sim.Subnetworks()[0]
	_, err = w.rest.Subnetworks.Patch(projectID, region, "nodes", &rest.Subnetwork{Fingerprint: sub.Fingerprint, IpCidrRange: "10.0.0.0/19"}).Do()
	if _, _, message := failure(err); !strings.Contains(message, "cannot be modified: [ipCidrRange]") {
		t.Errorf("ipCidrRange: %v", err)
	}
}

func TestLimitsAndQuotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true, Quotas: map[string]int{gcesim.QuotaAliases: 2, gcesim.QuotaStaticRoutes: 1}})
	ranges := []*rest.SubnetworkSecondaryRange{secondary("pods", "10.4.0.0/14")}
	for i := range 170 {
		ranges = append(ranges, secondary(fmt.Sprintf("r%d", i), fmt.Sprintf("10.20.%d.0/24", i)))
	}
	_, err := w.setRanges(ranges...)
	if code, reason, _ := failure(err); code != 403 || reason != "quotaExceeded" {
		t.Errorf("171 secondary ranges: %v", err)
	}
	_, err = w.setRanges(ranges[:170]...)
	w.must(err)
	w.addVM("a", "10.4.0.0/24", "10.4.1.0/24")
	w.addVM("b")
	op, err := w.setAliases("b", alias("10.4.2.0/24"))
	w.must(err)
	if op.Error == nil || op.Error.Errors[0].Code != "QUOTA_EXCEEDED" {
		t.Errorf("third alias range: %+v", op)
	}
	_, err = w.rest.Routes.Insert(projectID, &rest.Route{Name: "r", Network: "global/networks/vpc", DestRange: "192.168.0.0/16", NextHopIp: "10.0.0.9"}).Do()
	if code, reason, _ := failure(err); code != 403 || reason != "quotaExceeded" {
		t.Errorf("second static route (the first is the default): %v", err)
	}
	p, err := w.rest.Projects.Get(projectID).Do()
	w.must(err)
	for _, q := range p.Quotas {
		if q.Metric == gcesim.QuotaAliases && (q.Limit != 2 || q.Usage != 2) {
			t.Errorf("projects.get: %+v", q)
		}
	}
}

func TestPrimaryOnlyGrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	expand := func(to string) error {
		_, err := w.rest.Subnetworks.ExpandIpCidrRange(projectID, region, "nodes", &rest.SubnetworksExpandIpCidrRangeRequest{IpCidrRange: to}).Do()
		return err
	}
	for _, bad := range []string{"10.0.0.0/20", "10.0.0.0/21", "10.16.0.0/16", "10.0.0.0/8"} {
		if code, _, _ := failure(expand(bad)); code != 400 {
			t.Errorf("expanding to %s was not refused", bad)
		}
	}
	w.must(expand("10.0.0.0/18"))
	if got := w.sim.Subnetworks()[0].Primary; got != pfx("10.0.0.0/18") {
		t.Fatalf("got %s", got)
	}
	sub, err := w.rest.Subnetworks.Get(projectID, region, "nodes").Views("WITH_UTILIZATION").Do()
	w.must(err)
	if u := sub.UtilizationDetails.Ipv4Utilizations[0]; u.TotalAllocatedIp != 4 || u.TotalFreeIp != 1<<14-4 {
		t.Fatalf("utilization %+v: four addresses of the primary are the platform's", u)
	}
}

func TestAutoModeSpaceIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.must(w.sim.AddNetwork(gcesim.Network{Project: projectID, Name: "auto", Auto: true}))
	err := w.sim.AddSubnetwork(gcesim.Subnetwork{Project: projectID, Region: region, Name: "more", Network: "auto", Primary: pfx("10.200.0.0/20")})
	if err == nil || !strings.Contains(err.Error(), "10.128.0.0/9") {
		t.Fatalf("got %v", err)
	}
	n, err := w.rest.Networks.Get(projectID, "auto").Do()
	w.must(err)
	if len(n.Subnetworks) != len(gcesim.DefaultRegions) {
		t.Fatalf("subnetworks: %v", n.Subnetworks)
	}
}

func TestSubnetworkLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	body := &rest.Subnetwork{Name: "extra", Network: "projects/p1/global/networks/vpc", IpCidrRange: "10.70.0.0/24"}
	_, err := w.rest.Subnetworks.Insert(projectID, region, body).Do()
	w.must(err)
	_, err = w.rest.Subnetworks.Insert(projectID, region, body).Do()
	if code, reason, _ := failure(err); code != 409 || reason != "alreadyExists" {
		t.Errorf("the same name: %v", err)
	}
	_, err = w.rest.Subnetworks.Delete(projectID, region, "extra").Do()
	w.must(err)
	_, err = w.rest.Subnetworks.Get(projectID, region, "extra").Do()
	if code, reason, _ := failure(err); code != 404 || reason != "notFound" {
		t.Errorf("after deletion: %v", err)
	}
	w.addVM("vm")
	_, err = w.rest.Subnetworks.Delete(projectID, region, "nodes").Do()
	if _, reason, _ := failure(err); reason != "resourceInUseByAnotherResource" {
		t.Errorf("in use: %v", err)
	}
	_, err = w.rest.Networks.Delete(projectID, "vpc").Do()
	if _, reason, _ := failure(err); reason != "resourceInUseByAnotherResource" {
		t.Errorf("network in use: %v", err)
	}
}
