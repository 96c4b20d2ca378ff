package service

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// A Service's own resources: address, backend, door, wall.
const plainParts = 4

func TestTheContract(t *testing.T) {
	w := newWorld(t, "n1", "n2")
	w.start()
	local := func(s *corev1.Service) { s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal }
	udp := func(s *corev1.Service) {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "quic", Protocol: corev1.ProtocolUDP, Port: 80})
	}
	internal := func(s *corev1.Service) { s.Annotations["vpcnative.dev/scheme"] = "Internal" }
	for name, c := range map[string]struct {
		service   func(*corev1.Service)
		reason    string
		addresses int
		parts     int
		event     string
	}{
		"plain":        {nil, v1alpha1.ReasonEnsured, 1, plainParts, "2 backend nodes"},
		"udp-too":      {udp, v1alpha1.ReasonEnsured, 1, plainParts + 1, ""},
		"mixed":        {func(s *corev1.Service) { udp(s); internal(s) }, v1alpha1.ReasonMixedProtocols, 0, 0, "LoadBalancerMixedProtocolNotSupported"},
		"local":        {local, v1alpha1.ReasonEnsured, 1, plainParts + 1, ""},
		"no-nodeports": {func(s *corev1.Service) { s.Spec.AllocateLoadBalancerNodePorts = ptr.To(false) }, v1alpha1.ReasonEnsured, 1, plainParts, ""},
		"affinity":     {func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }, v1alpha1.ReasonEnsured, 1, plainParts, ""},
		"by-value":     {func(s *corev1.Service) { s.Annotations["vpcnative.dev/addresses"] = "198.51.100.7" }, v1alpha1.ReasonEnsured, 1, plainParts, ""},
		"wrong-address": {func(s *corev1.Service) { s.Annotations["vpcnative.dev/addresses"] = "2001:db8::1" }, v1alpha1.ReasonInvalidAddress, 0, 0,
			"InvalidAddress: address 2001:db8::1 is IPv6"},
		"sctp":    {func(s *corev1.Service) { s.Spec.Ports[0].Protocol = corev1.ProtocolSCTP }, v1alpha1.ReasonUnsupportedProtocol, 0, 0, "SCTP"},
		"unknown": {func(s *corev1.Service) { s.Annotations["networking.gke.io/tpyo"] = "x" }, v1alpha1.ReasonEnsured, 1, plainParts, "AnnotationUnknown: annotation networking.gke.io/tpyo"},
		"nowhere": {func(s *corev1.Service) { s.Annotations["vpcnative.dev/network"] = "no" }, v1alpha1.ReasonNetworkNotFound, 0, 0, `there is no Network "no"`},
	} {
		w.service(name, c.service)
		w.expect(name, c.reason, c.addresses)
		w.left(name, c.parts)
		if c.event != "" {
			w.event(c.event)
		}
		if ported := meta.IsStatusConditionTrue(w.get(name).Status.Conditions, corev1.LoadBalancerPortsError); ported != (name == "mixed") {
			t.Errorf("%s: LoadBalancerPortsError is %v", name, ported)
		}
		for _, i := range w.get(name).Status.LoadBalancer.Ingress {
			if *i.IPMode != corev1.LoadBalancerIPModeVIP {
				t.Errorf("%s: ipMode %s", name, *i.IPMode)
			}
		}
	}
	if got := w.one("local", "check").Fields.One("port"); got == "10256" || got == "" {
		t.Errorf("the check of Local is on port %q", got)
	}
	if got := w.one("by-value", "address").Address; got != "198.51.100.7" {
		t.Errorf("the address is %s", got)
	}
	w.edit("plain", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"10.0.0.0/8"} })
	w.wait(func() error { return same(strings.Join(w.one("plain", "wall").Fields["from"], " "), "10.0.0.0/8") })
	address := w.one("plain", "address").Address
	w.edit("plain", func(s *corev1.Service) { s.Spec.Ports[0].Port = 81 })
	w.wait(func() error { return same(w.one("plain", "door").Fields.One("ports"), "81") })
	if got := w.one("plain", "address").Address; got != address {
		t.Errorf("an edit lost the address %s for %s", address, got)
	}
	w.edit("plain", udp)
	w.edit("plain", internal)
	w.expect("plain", v1alpha1.ReasonMixedProtocols, 1)
	w.left("plain", plainParts+1) // a refusal leaves what is there
	w.edit("mixed", func(s *corev1.Service) { delete(s.Annotations, "vpcnative.dev/scheme") })
	w.expect("mixed", v1alpha1.ReasonEnsured, 1)
	for _, name := range []string{"plain", "udp-too", "mixed", "local", "sctp", "nowhere"} {
		w.delete(w.get(name))
		w.wait(func() error { return gone(w.get(name)) })
		w.left(name, 0)
	}
}

func TestOnlyOurClassIsTaken(t *testing.T) {
	w := newWorld(t, "n1")
	w.start()
	other := func(s *corev1.Service) { s.Spec.LoadBalancerClass = ptr.To("example.com/other") }
	none := func(s *corev1.Service) { s.Spec.LoadBalancerClass = nil }
	clusterIP := func(s *corev1.Service) { s.Spec.Type, s.Spec.LoadBalancerClass = corev1.ServiceTypeClusterIP, nil }
	w.service("other", other)
	w.service("none", none)
	w.service("cluster-ip", clusterIP)
	w.service("ours", nil)
	w.expect("ours", v1alpha1.ReasonEnsured, 1)
	for _, name := range []string{"other", "none", "cluster-ip"} {
		if s := w.get(name); len(s.Finalizers)+len(s.Status.Conditions) > 0 {
			t.Errorf("%s was touched: %v %v", name, s.Finalizers, s.Status.Conditions)
		}
	}

	w.edit("ours", clusterIP)
	w.left("ours", 0)
	w.wait(func() error {
		s := w.get("ours")
		if len(s.Finalizers)+len(s.Status.LoadBalancer.Ingress)+len(s.Status.Conditions) > 0 {
			return errorf("it keeps %v %v %v", s.Finalizers, s.Status.LoadBalancer, s.Status.Conditions)
		}
		return nil
	})
	w.edit("ours", func(s *corev1.Service) {
		s.Spec.Type, s.Spec.LoadBalancerClass = corev1.ServiceTypeLoadBalancer, ptr.To(v1alpha1.ClassLoadBalancer)
	})
	w.expect("ours", v1alpha1.ReasonEnsured, 1)

	w.withoutClass = true
	w.start()
	w.expect("none", v1alpha1.ReasonEnsured, 1)
	if s := w.get("other"); len(s.Finalizers) > 0 {
		t.Error("another's class was taken")
	}
	w.withoutClass = false
	w.start()
	w.left("none", 0)
	w.wait(func() error {
		if s := w.get("none"); len(s.Finalizers) > 0 {
			return errorf("it keeps %v", s.Finalizers)
		}
		return nil
	})
}

func TestADryRunChangesNothing(t *testing.T) {
	w := newWorld(t, "n1")
	w.service("web", nil)
	w.cfg.DryRun = true
	w.start()
	w.event("create   backend")
	if s := w.get("web"); len(s.Finalizers)+len(s.Status.Conditions) > 0 {
		t.Errorf("%v %v", s.Finalizers, s.Status.Conditions)
	}
	if _, changes := w.cloud.Counts(); changes > 0 {
		t.Errorf("%d changes", changes)
	}
}

func TestADeletedNetworkLeavesNothing(t *testing.T) {
	w := newWorld(t, "n1")
	w.start()
	web := w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.delete(&v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: w.name}})
	w.event("InUse: deletion waits for the load balancers of Services " + w.name + "/web")
	w.left("web", plainParts)
	w.delete(web)
	w.wait(func() error { return gone(w.get("web")) })
	w.wait(func() error {
		var left int
		w.cloud.With(func() { left = len(w.cloud.State) })
		if left > 0 {
			return errorf("%d resources are left", left)
		}
		return nil
	})
}
