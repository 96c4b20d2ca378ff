package v1alpha1

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
)

func TestStoredRequestsAreReadUnderTheNewNames(t *testing.T) {
	const stored = `{"spec": {"networkName": "default", "networkRef": "prod", "purpose": "Pods", "ipFamilies": ["IPv4"], "families": ["IPv6", "IPv4"],
		"growth": {"reclaimAfter": "1h", "giveBackAfter": "2h"}, "newSpace": {"blocks": ["100.64.0.0/16"], "subnetPrefixLength": 20}},
		"status": {"newSpace": {"blocks": [{"cidr": "100.64.0.0/16"}]}, "conditions": [{"type": "Rivalled", "status": "True"}, {"type": "Ready", "status": "True"}]}}`
	var r RangeRequest
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Renamed() {
		t.Error("the old names were not noticed")
	}
	r.Migrate()
	if r.Renamed() {
		t.Error("old names are left")
	}
	got := []any{r.NetworkName(), r.Spec.IPFamilies, *r.Spec.Growth.ReclaimAfter, r.Spec.NewSubnets.Blocks, r.Status.NewSubnets.Blocks[0].CIDR, len(r.Status.Conditions)}
	want := []any{"prod", []Family{IPv6, IPv4}, Duration("2h"), []CIDR{"100.64.0.0/16"}, "100.64.0.0/16", 1}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
