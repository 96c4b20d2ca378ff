package v1alpha1

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
)

// A list is decoded as a whole: one object that cannot be read would hide all.
func TestNoObjectHidesTheOthersOfItsList(t *testing.T) {
	t.Parallel()
	const stored = `{"items": [
		{"metadata": {"name": "days"}, "spec": {"purpose": "Pods", "cidrs": ["10.0.0.0/16"], "growth": {"threshold": 70, "reclaimAfter": "1d"}}},
		{"metadata": {"name": "wide"}, "spec": {"purpose": "Pods", "networkName": "prod", "prefixLength": 99999999999, "growth": {"waitingNodes": "two", "maxRanges": 3}},
		 "status": {"ranges": [{"cidr": "10.1.0.0/16", "subnet": "a", "name": "n", "emptySince": "2026-01-01t00:00:00z"}],
			"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "yesterday"}]}},
		{"metadata": {"name": "odd"}, "spec": "Pods", "status": [1]},
		{"metadata": {"name": "good"}, "spec": {"purpose": "Pods"}}]}`
	var list RangeRequestList
	if err := json.Unmarshal([]byte(stored), &list); err != nil || len(list.Items) != 4 {
		t.Fatalf("%d were read: %v", len(list.Items), err)
	}
	days, wide, odd, good := list.Items[0], list.Items[1], list.Items[2], list.Items[3]
	if err := days.Spec.Validate(); err == nil || !strings.Contains(err.Error(), `growth.reclaimAfter: invalid duration "1d"`) {
		t.Errorf("days: %v", err)
	}
	if got, want := wide.Spec.Unreadable, []string{"prefixLength", "growth.waitingNodes"}; !reflect.DeepEqual(got, want) {
		t.Errorf("wide: %v cannot be read, want %v", got, want)
	}
	if wide.Spec.NetworkName != "prod" || wide.Spec.Growth.MaxRanges != 3 || wide.Spec.Validate() == nil {
		t.Errorf("wide: %+v", wide.Spec)
	}
	if s := wide.Status; len(s.Ranges) != 1 || s.Ranges[0].CIDR != "10.1.0.0/16" || len(s.Conditions) != 1 || s.Conditions[0].Type != "Ready" {
		t.Errorf("wide: what was granted is not there: %+v", s)
	}
	if odd.Spec.Validate() == nil || good.Spec.Validate() != nil {
		t.Errorf("odd: %v; good: %v", odd.Spec.Validate(), good.Spec.Validate())
	}
	var networks NetworkList
	const vpc = `{"items": [{"metadata": {"name": "odd"}, "spec": {"supernets": ["10.0.0.0/8"], "aws": {"vpcID": "vpc-0", "routesPerTable": 1.5}}}]}`
	if err := json.Unmarshal([]byte(vpc), &networks); err != nil {
		t.Fatal(err)
	}
	if n := networks.Items[0]; n.Spec.Validate() == nil || n.Spec.AWS.VPCID != "vpc-0" || len(n.Spec.Supernets) != 1 {
		t.Errorf("%+v: %v", n.Spec, n.Spec.Validate())
	}
}

func TestWhatTheSchemaCannotSeeIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"nodeSelector": {"matchLabels": {"a b": "c"}}}`:          "nodeSelector: ",
		`{"cidrs": ["10.0.0.1/16"]}`:                               "cidrs: ",
		`{"newSubnets": {"blocks": ["::ffff:10.0.0.0/104"]}}`:      "newSubnets.blocks: ",
		`{"growth": {"reclaimAfter": "99999h99999h99999h99999h"}}`: "",
		`{"growth": {"reclaimAfter": "-1h"}}`:                      "growth.reclaimAfter: ",
		`{"growth": {"reclaimAfter": "0"}}`:                        "",
	} {
		var s RangeRequestSpec
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
