package main

import (
	"context"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/fabric"
)

// Fact is one of a machine, NAME.KIND, of a Service, or of the lab.
func (w *world) Fact(fact string) (string, bool) {
	ctx := context.Background()
	name, kind, _ := strings.Cut(fact, ".")
	if fact == "internet" {
		return fabric.Internet, true
	}
	h := w.site.Host(name)
	if h == nil {
		w.mu.Lock()
		value, noted := w.noted[fact]
		w.mu.Unlock()
		if noted {
			return value, value != ""
		}
		return claims.ServiceFact(ctx, w.first().API, w.site.Fabric.Hosts(), fact)
	}
	switch kind {
	case "node":
		return h.NIC.Primary.String(), true
	case "external":
		return h.NIC.External.String(), true
	case "nic":
		return h.NIC.Device, true
	}
	return nodeFact(ctx, w.clusterOf(name).API, name, kind)
}

// nodeFact is one that a machine has as a node: its range, an address in there
// that nobody has, and the address of its pod.
func nodeFact(ctx context.Context, api client.Reader, name, kind string) (string, bool) {
	if kind == "pod" {
		var pod corev1.Pod
		err := api.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &pod)
		return pod.Status.PodIP, err == nil && pod.Status.PodIP != ""
	}
	var node corev1.Node
	err := api.Get(ctx, client.ObjectKey{Name: name}, &node)
	podCIDR, wrong := netip.ParsePrefix(node.Spec.PodCIDR)
	switch {
	case err != nil || wrong != nil:
		return "", false
	case kind == "range":
		return podCIDR.String(), true
	case kind == "unused": // its last address but one
		return cluster.AddressOf(podCIDR, 1<<(32-podCIDR.Bits())-2).String(), true
	}
	return "", false
}

// remember keeps the facts of a machine that leaves.
func (w *world) remember(name string) {
	for _, kind := range []string{"node", "external", "nic", "pod", "range", "unused"} {
		value, _ := w.Fact(name + "." + kind)
		w.note(name+"."+kind, value)
	}
}

func (w *world) note(fact, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted[fact] = value
}
