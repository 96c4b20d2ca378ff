package main

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpcnative/vpcnative/test/invariants"
)

func vm(subnet, name string, carried ...string) machine {
	m := machine{Machine: invariants.Machine{Name: name, ProviderID: "x:///" + name}, zone: "z", subnet: subnet}
	for _, p := range carried {
		m.Carried = append(m.Carried, invariants.Piece{Prefix: netip.MustParsePrefix(p)})
	}
	return m
}

func nodeOf(i machine, maxPods, podCIDR string) corev1.Node {
	n := corev1.Node{}
	n.Name = i.Name
	n.Spec.ProviderID, n.Spec.PodCIDR = i.ProviderID, podCIDR
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(maxPods)}
	return n
}

func TestTheNodeTableHasEveryVMAsPeopleCountEachClusterApart(t *testing.T) {
	west, ten := vm("nodes-west", "west-1", "10.9.0.0/24"), vm("nodes", "worker-10", "10.1.0.0/24")
	two, bare := vm("nodes", "worker-2", "10.0.0.0/28"), vm("nodes", "worker-3")
	instances := []machine{west, ten, bare, two}
	got := nodeTable([]corev1.Node{nodeOf(west, "110", "10.9.0.0/24"), nodeOf(ten, "110", ""), nodeOf(two, "8", "10.0.0.0/28")}, instances, "alias range")
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
	i.zone = region + "-a"
	for line := range strings.Lines(nodeTable([]corev1.Node{nodeOf(i, "110", "10.0.51.128/26")}, []machine{i}, "alias range")) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
