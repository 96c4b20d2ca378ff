package main

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

func vm(subnet, name string, alias ...string) gcesim.Instance {
	nic := gcesim.Interface{Subnetwork: subnet}
	for _, a := range alias {
		nic.Aliases = append(nic.Aliases, gcesim.Alias{Prefix: netip.MustParsePrefix(a)})
	}
	return gcesim.Instance{Project: project, Zone: "z", Name: name, Interfaces: []gcesim.Interface{nic}}
}

func nodeOf(i gcesim.Instance, maxPods, podCIDR string) corev1.Node {
	n := corev1.Node{}
	n.Name = i.Name
	n.Spec.ProviderID, n.Spec.PodCIDR = invariants.ProviderID(i), podCIDR
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(maxPods)}
	return n
}

func TestTheNodeTableHasEveryVMAsPeopleCountEachClusterApart(t *testing.T) {
	west, ten := vm("nodes-west", "west-1", "10.9.0.0/24"), vm("nodes", "worker-10", "10.1.0.0/24")
	two, bare := vm("nodes", "worker-2", "10.0.0.0/28"), vm("nodes", "worker-3")
	instances := []gcesim.Instance{west, ten, bare, two}
	got := nodeTable([]corev1.Node{nodeOf(west, "110", "10.9.0.0/24"), nodeOf(ten, "110", ""), nodeOf(two, "8", "10.0.0.0/28")}, instances)
	const want = `
  Node       Max pods  Instance     podCIDR      Alias range
  ────────────────────────────────────────────────────────────
  worker-2          8  z/worker-2   10.0.0.0/28  10.0.0.0/28
  -                 -  z/worker-3   -            -
  worker-10       110  z/worker-10  -            10.1.0.0/24
  ────────────────────────────────────────────────────────────
  west-1          110  z/west-1     10.9.0.0/24  10.9.0.0/24`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if instances[0].Name != "west-1" {
		t.Error("the caller's list was sorted")
	}
}

func TestANodeTableFitsATerminal(t *testing.T) {
	i := vm("nodes", "worker-10", "10.0.51.128/26")
	i.Zone = region + "-a"
	for line := range strings.Lines(nodeTable([]corev1.Node{nodeOf(i, "110", "10.0.51.128/26")}, []gcesim.Instance{i})) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
