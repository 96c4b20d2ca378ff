package gcesim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/googleapis/gax-go/v2/callctx"
	rest "google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/protobuf/proto"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// fleet adds n VMs in turn over the region's zones.
func (w *world) fleet(n int) {
	w.t.Helper()
	for i := range n {
		_, err := w.sim.AddInstance(gcesim.Instance{
			Project: projectID, Zone: gcesim.DefaultRegions[region][i%3], Name: fmt.Sprintf("vm-%04d", i),
			Labels:     map[string]string{"parity": fmt.Sprint(i % 2)},
			Interfaces: []gcesim.Interface{{Subnetwork: "nodes"}},
		})
		w.must(err)
	}
}

func TestAggregatedListPagesThroughEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.fleet(50)
	it := w.instancesClient().AggregatedList(w.ctx, &computepb.AggregatedListInstancesRequest{
		Project: projectID, MaxResults: proto.Uint32(7),
	})
	seen := map[string]int{}
	warned := 0
	for {
		pair, err := it.Next()
		if err == iterator.Done {
			break
		}
		w.must(err)
		if pair.Value.GetWarning().GetCode() == "NO_RESULTS_ON_PAGE" {
			warned++
		}
		for _, i := range pair.Value.GetInstances() {
			seen[i.GetName()]++
		}
	}
	if len(seen) != 50 || warned == 0 {
		t.Fatalf("%d VMs, %d empty scopes", len(seen), warned)
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("%s was listed %d times", name, n)
		}
	}
	if got := w.sim.CallCounts()["instances.aggregatedList"]; got != 8 {
		t.Errorf("%d pages of 7 for 50 VMs", got)
	}
}

func TestListOrderAndPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.fleet(30)
	for order, sorted := range map[string]bool{"": true, "name": true, "creationTimestamp desc": true} {
		var names []string
		err := w.rest.Instances.List(projectID, zone).OrderBy(order).MaxResults(3).Pages(w.ctx, func(l *rest.InstanceList) error {
			for _, i := range l.Items {
				names = append(names, i.Name)
			}
			return nil
		})
		w.must(err)
		if len(names) != 10 || order != "creationTimestamp desc" && slices.IsSorted(names) != sorted {
			t.Errorf("order %q: %v", order, names)
		}
	}
	for name, call := range map[string]*rest.InstancesListCall{
		"maxResults": w.rest.Instances.List(projectID, zone).MaxResults(501),
		"orderBy":    w.rest.Instances.List(projectID, zone).OrderBy("id"),
		"pageToken":  w.rest.Instances.List(projectID, zone).PageToken("nonsense"),
	} {
		if _, err := call.Do(); err == nil {
			t.Errorf("a bad %s was accepted", name)
		}
	}
}

func TestIncludeAllScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	some, err := w.rest.Instances.AggregatedList(projectID).Do()
	w.must(err)
	all, err := w.rest.Instances.AggregatedList(projectID).IncludeAllScopes(true).Do()
	w.must(err)
	if len(some.Items) != 10 || len(all.Items) != 14 {
		t.Fatalf("%d zones, %d scopes", len(some.Items), len(all.Items))
	}
	if all.Items["global"].Warning == nil {
		t.Fatal("an empty scope has no warning")
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.fleet(12) // zone a holds 0, 3, 6 and 9
	w.must(w.sim.SetAliases(projectID, zone, "vm-0003", "nic0", gcesim.Alias{Prefix: pfx("10.4.1.0/24"), RangeName: "pods"}))
	for filter, want := range map[string]string{
		`name = vm-0003`:                       "3",
		`name != "vm-0003"`:                    "0 6 9",
		`name > vm-0003`:                       "6 9",
		`name <= "vm-0003"`:                    "0 3",
		`name : 000`:                           "0 3 6 9",
		`labels.parity = 0`:                    "0 6",
		`labels.parity:* AND name != vm-0000`:  "3 6 9",
		`(name = vm-0000) (labels.parity = 0)`: "0",
		`name=vm-0000 OR name=vm-0009`:         "0 9",
		`labels.parity=1 AND (name = vm-0000 OR name = vm-0003)`:      "3",
		`labels.parity=1 name=vm-0000 OR name=vm-0003`:                "3",
		`networkInterfaces.aliasIpRanges.ipCidrRange = "10.4.1.0/24"`: "3",
		`networkInterfaces.aliasIpRanges.ipCidrRange:*`:               "3",
		`creationTimestamp > "2020-01-01T00:00:00Z"`:                  "0 3 6 9",
		`id > 5`:                    "0 3 6 9",
		`status = RUNNING`:          "0 3 6 9",
		`name eq vm-000[03]`:        "0 3",
		`name eq vm-00`:             "",
		`name ne ".*[369]"`:         "0",
		`(name eq 'vm-.*3')`:        "3",
		`zone eq .*us-central1-a`:   "0 3 6 9",
		`description = ""`:          "0 3 6 9",
		`name = `:                   "refused",
		`name`:                      "refused",
		`name = a)`:                 "refused",
		`(name = a`:                 "refused",
		`name = "a`:                 "refused",
		`color = red`:               "refused",
		`name eq (`:                 "refused",
		`name eq a zone eq b`:       "refused",
		`name eq a AND status = UP`: "refused",
		`NOT name = a`:              "refused",
		`name ~ a`:                  "refused",
	} {
		l, err := w.rest.Instances.List(projectID, zone).Filter(filter).Do()
		got := "refused"
		if err == nil {
			var found []string
			for _, i := range l.Items {
				found = append(found, strings.TrimPrefix(i.Name, "vm-000"))
			}
			got = strings.Join(found, " ")
		} else if code, reason, _ := failure(err); code != 400 || reason != "invalid" {
			t.Errorf("%s: %v", filter, err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", filter, got, want)
		}
	}
}

func TestOperationFilter(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, Latencies: map[string]time.Duration{"instances.stop": time.Minute}})
	w.fleet(6)
	_, err := w.rest.Instances.Start(projectID, zone, "vm-0000").Do()
	w.must(err)
	_, err = w.rest.Instances.Stop(projectID, zone, "vm-0003").Do()
	w.must(err)
	l, err := w.rest.ZoneOperations.List(projectID, zone).Filter(`status != DONE AND operationType = stop`).Do()
	w.must(err)
	if len(l.Items) != 1 || !strings.HasSuffix(l.Items[0].TargetLink, "/instances/vm-0003") {
		t.Fatalf("got %v", l.Items)
	}
	a, err := w.rest.GlobalOperations.AggregatedList(projectID).Filter(`status = DONE`).Do()
	w.must(err)
	if got := a.Items["zones/"+zone].Operations; len(got) != 1 || got[0].OperationType != "start" {
		t.Fatalf("got %v", got)
	}
}

func TestPartialResponses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.fleet(3)
	a, err := w.rest.Instances.AggregatedList(projectID).Fields(
		googleapi.Field("nextPageToken,items/*/instances(name,id,networkInterfaces(name,aliasIpRanges))")).Do()
	w.must(err)
	i := a.Items["zones/"+zone].Instances[0]
	if i.Name != "vm-0000" || i.Id == 0 || i.Zone != "" || i.NetworkInterfaces[0].NetworkIP != "" || i.NetworkInterfaces[0].Name != "nic0" {
		t.Errorf("aggregated list: %+v", i)
	}
	if a.Kind != "" || len(a.Items) != 3 && a.Items["zones/us-east1-b"].Warning != nil {
		t.Errorf("aggregated list: %+v", a)
	}
	// The generated client selects by a header.
	ctx := callctx.SetHeaders(w.ctx, "x-goog-fieldmask", "name,networkInterfaces.fingerprint")
	got, err := w.instancesClient().Get(ctx, &computepb.GetInstanceRequest{Project: projectID, Zone: zone, Instance: "vm-0000"})
	w.must(err)
	if got.GetName() != "vm-0000" || got.GetId() != 0 || got.GetNetworkInterfaces()[0].GetFingerprint() == "" || got.GetNetworkInterfaces()[0].GetName() != "" {
		t.Errorf("field mask: %v", got)
	}
	for _, bad := range []string{"items(name", "items/", "items/*/instances(nothing)", "items)x", "()"} {
		if _, err := w.rest.Instances.AggregatedList(projectID).Fields(googleapi.Field(bad)).Do(); err == nil && bad != "items/" {
			t.Errorf("fields=%q was accepted", bad)
		}
	}
}
