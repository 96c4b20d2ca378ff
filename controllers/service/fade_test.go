package service

import (
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

// TestTheStatusFadesWithTheBalancer: what somebody deleted by hand is in the
// status until two reads, the read lag apart, have not shown it, and no longer,
// whether it cannot be made again or the Service is refused by now.
func TestTheStatusFadesWithTheBalancer(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.ReadLag, w.cfg.Resync, w.cfg.OrphanGrace = time.Second, 200*time.Millisecond, 100*time.Millisecond
	w.start()
	for _, name := range []string{"web", "odd"} {
		w.service(name, nil)
		w.expect(name, v1alpha1.ReasonEnsured, 1)
	}
	w.edit("odd", func(s *corev1.Service) {
		s.Annotations["service.beta.kubernetes.io/aws-load-balancer-ssl-cert"] = "arn:aws:acm:eu-west-1:123456789012:certificate/x"
	})
	w.expect("odd", v1alpha1.ReasonAnnotationUnsupported, 1)
	var full atomic.Bool
	full.Store(true)
	w.cloud.With(func() {
		w.cloud.Fail = func(a lb.Action) error {
			if a.Verb == lb.Create && full.Load() {
				return &cloud.Error{Reason: cloud.QuotaExceeded, Act: "create", Resource: a.Ref.String(), Err: errors.New("no room")}
			}
			return nil
		}
		for ref, r := range w.cloud.State {
			if r.Owner.Kind == "Service" {
				delete(w.cloud.State, ref)
			}
		}
	})
	began := time.Now()
	w.expect("web", string(cloud.QuotaExceeded), 0)
	if took := time.Since(began); took < w.cfg.ReadLag {
		t.Errorf("the status was emptied after %s, on one read", took)
	}
	w.expect("odd", v1alpha1.ReasonAnnotationUnsupported, 0)
	full.Store(false)
	w.edit("web", func(s *corev1.Service) { s.Spec.Ports[0].Port = 81 })
	w.expect("web", v1alpha1.ReasonEnsured, 1)
}

// TestAFailedReadingLeavesTheStatus: of a Service that is as wanted and of one
// that is refused, of this manager and of the next.
func TestAFailedReadingLeavesTheStatus(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.ReadLag, w.cfg.Resync, w.cfg.OrphanGrace = 10*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
	w.start()
	for _, name := range []string{"web", "odd"} {
		w.service(name, nil)
		w.expect(name, v1alpha1.ReasonEnsured, 1)
	}
	refuse := func(value string) func(*corev1.Service) {
		return func(s *corev1.Service) { s.Annotations["vpcnative.dev/of-a-later-version"] = value }
	}
	w.edit("odd", refuse("x"))
	w.expect("odd", v1alpha1.ReasonAnnotationUnknown, 1)
	w.cloud.With(func() {
		w.cloud.FailRead = fake.Bad(lb.Action{}, cloud.PermissionDenied, "compute.forwardingRules.list")
	})
	for _, restarted := range []bool{false, true} {
		if restarted {
			w.start()
			w.expect("web", string(cloud.PermissionDenied), 1)
		}
		w.edit("odd", refuse("restarted: "+strconv.FormatBool(restarted)))
		w.still()
		for _, name := range []string{"web", "odd"} {
			if got := len(w.get(name).Status.LoadBalancer.Ingress); got != 1 {
				t.Errorf("restarted %v: %s has %d addresses", restarted, name, got)
			}
		}
	}
}
