package services

import (
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// grace is how long orphans are left alone where a story waits for it.
	grace = time.Second
	// resync is how often all is read where a story waits for it.
	resync = 500 * time.Millisecond
)

// method is a cloud's own for what every balancer needs once.
func (w *world) method(gce, ec2 string) string {
	if w.cloud == "aws" {
		return ec2
	}
	return gce
}

func (w *world) lastStep() string { return w.method("forwardingRules.insert", "CreateListener") }

var troubles = []story{
	{name: "deleted-while-it-is-made", run: func(w *world) {
		w.nodes("n1")
		held := make(chan struct{})
		undo := w.fail(fault{method: w.lastStep(), hang: held, count: 1})
		w.start()
		s := w.service("web")
		w.eventually(func() error {
			if len(w.parts(w.owner("web"))) == 0 {
				return fmt.Errorf("nothing has been made yet")
			}
			return nil
		})
		w.delete(s)
		close(held)
		undo()
		w.gone("web")
	}},
	{name: "by-hand", run: func(w *world) {
		w.nodes("n1", "n2")
		w.cfg.Resync = resync
		w.start()
		w.service("web")
		w.serves("web", []string{"n1", "n2"})
		for n, harm := range w.harms(w.owner("web")) {
			w.guard.byHand(harm.do)
			w.Logf("%d: %s", n, harm.what)
			w.serves("web", []string{"n1", "n2"})
		}
	}},
	{name: "fifty-edits", run: func(w *world) {
		w.nodes("n1")
		w.cfg.Pace = time.Second
		w.start()
		w.service("web")
		w.serves("web", []string{"n1"})
		w.settles()
		w.guard.count()
		began := time.Now()
		for i := range 50 {
			w.edit("web", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{fmt.Sprintf("10.%d.0.0/16", i)} })
		}
		w.serves("web", []string{"n1"})
		rounds := 5 + int(time.Since(began)/w.cfg.Pace)
		const callsOfRound = 2 // AWS: rules go and come
		if n := w.guard.count(); n > rounds*callsOfRound {
			w.Errorf("%d changes, and %d rounds could be", n, rounds)
		}
	}},
	{name: "one-that-is-slow-or-broken-delays-nobody", run: func(w *world) {
		w.nodes("n1")
		w.start()
		held := make(chan struct{})
		undo := w.fail(fault{method: w.lastStep(), hang: held, count: 1})
		w.service("slow")
		w.eventually(func() error {
			if !strings.Contains(w.guard.String(), w.lastStep()) {
				return errors.New("it is not at its last step")
			}
			return nil
		})
		w.service("broken", internal, annotate(w.impossibleAddress()...))
		w.event("broken", "Warning")
		for i := range 3 {
			name := fmt.Sprintf("fine-%d", i)
			w.service(name)
			w.serves(name, []string{"n1"})
		}
		if s := w.get("broken"); len(s.Status.LoadBalancer.Ingress) > 0 {
			w.Errorf("broken is at %v", s.Status.LoadBalancer)
		}
		close(held)
		undo()
		w.serves("slow", []string{"n1"})
		w.remove("broken")
	}},
	{name: "quota", run: func(w *world) {
		w.nodes("n1")
		w.start()
		undo := w.fail(fault{method: w.method("forwardingRules.insert", "CreateLoadBalancer"), quota: true})
		w.service("web")
		w.reason("web", string(cloud.QuotaExceeded))
		w.event("web", string(cloud.QuotaExceeded))
		undo()
		w.serves("web", []string{"n1"})
	}},
	{name: "lost-replies", run: func(w *world) { w.throughout(fault{lost: true, every: 5}) }},
	{name: "throttled", run: func(w *world) { w.throughout(fault{throttled: true, every: 3}) }},
	{name: "no-right-to-read", run: func(w *world) {
		w.nodes("n1")
		undo := w.fail(fault{method: w.method("forwardingRules.list", "DescribeLoadBalancers"), denied: true})
		w.start()
		w.service("web")
		w.reason("web", string(cloud.PermissionDenied))
		w.event("web", string(cloud.PermissionDenied))
		if s := w.get("web"); len(s.Finalizers) > 0 || w.guard.count() > 0 {
			w.Errorf("finalizers %v, and %s", s.Finalizers, w.guard)
		}
		undo()
		w.serves("web", []string{"n1"})
	}},
	{name: "firewall-of-a-shared-vpc", on: "gcp", options: options{sharedVPC: true}, run: func(w *world) {
		w.nodes("n1")
		w.fail(fault{method: "firewalls.insert", denied: true})
		w.start()
		w.service("web", annotate("vpcnative.dev/subnets", "nodes"))
		w.reason("web", v1alpha1.ReasonNeedsAdmin)
		w.event("web", "gcloud compute firewall-rules create vn-")
		w.event("web", "--project=host")
		if s := w.get("web"); len(s.Status.LoadBalancer.Ingress) == 0 {
			w.Error("all else has to go on, and it has no address")
		}
	}},
	{name: "a-shared-address", on: "gcp", run: func(w *world) {
		w.nodes("n1")
		w.start()
		var address string
		w.guard.byHand(func() { address = w.place.(*gce).reserve("shared") })
		with := annotate("vpcnative.dev/addresses", "shared")
		w.service("web", with)
		w.service("dns", with, ports(udp(53)))
		for _, name := range []string{"web", "dns"} {
			if got := w.serves(name, []string{"n1"}); got.Status[0] != address+" VIP" {
				w.Errorf("%s is at %v, want %s", name, got.Status, address)
			}
		}
		w.service("rival", with)
		w.refused("rival", "onflict")
		w.serves("web", []string{"n1"})
		w.remove("web")
		w.serves("rival", []string{"n1"})
		w.remove("rival")
		w.serves("dns", []string{"n1"})
	}},
}

// throughout makes and deletes a Service while calls go wrong. What the test
// itself asks the cloud for does not.
func (w *world) throughout(f fault) {
	w.nodes("n1")
	undo := w.fail(f)
	w.start()
	w.service("web")
	w.reason("web", v1alpha1.ReasonEnsured)
	undo()
	w.serves("web", []string{"n1"})
	undo = w.fail(f)
	w.delete(w.get("web"))
	w.eventually(func() error { return same("whether it is gone", w.get("web") == nil, true) })
	undo()
	w.gone("web")
}
