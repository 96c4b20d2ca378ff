package main

import (
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

func TestNamesOfSeveralClustersAreToldApart(t *testing.T) {
	b := &board{}
	v := view{b, "west"}
	if got := v.of("pods"); got != "pods" {
		t.Errorf("with one cluster: %s", got)
	}
	b.several.Store(true)
	if got := v.of("pods"); got != "west/pods" {
		t.Errorf("with several: %s", got)
	}
}

func TestAClusterIPOfANewServiceCIDRSaysSo(t *testing.T) {
	b := &board{}
	b.serve([]string{"10.0.40.16/28", "no prefix"})
	for address, want := range map[string]string{
		"10.0.40.17": "ClusterIP out of 10.0.40.16/28",
		"10.0.40.15": "ClusterIP",
		"None":       "ClusterIP",
	} {
		if got := b.clusterIP(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestUseIsCountedInWhatThePurposeGivesOut(t *testing.T) {
	pods := &v1alpha1.RangeRequest{}
	pods.Spec.Purpose = v1alpha1.Pods
	pods.Status = v1alpha1.RangeRequestStatus{Nodes: 3, Utilization: 19, WaitingNodes: 1}
	if got := inUse(pods); got != "3 nodes, 19 %, 1 waiting" {
		t.Error(got)
	}
	services := &v1alpha1.RangeRequest{}
	services.Spec.Purpose = v1alpha1.Services
	services.Status = v1alpha1.RangeRequestStatus{Allocated: "11", Capacity: "14", Utilization: 79}
	if got := inUse(services); got != "11 of 14 ClusterIPs, 79 %" {
		t.Error(got)
	}
}

func TestARangeThatWasGivenAgainMustHaveRested(t *testing.T) {
	b := &board{again: map[string]time.Duration{"early": quarantine - 1, "late": quarantine}}
	for node, ok := range map[string]bool{"early": false, "late": true, "first": false} {
		if err := b.rested(node, quarantine); (err == nil) != ok {
			t.Errorf("%s: %v", node, err)
		}
	}
}

func TestAReasonIsToldInFullOnce(t *testing.T) {
	b := &board{reasons: map[string]bool{}}
	if !b.first("RangeExhausted") || b.first("RangeExhausted") || !b.first("Pending") {
		t.Error("want each the first time alone")
	}
}
