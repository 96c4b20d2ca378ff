package services

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
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
		w.cfg.Resync = resync
		w.fail(fault{method: "firewalls.insert", denied: true})
		w.start()
		w.service("web", annotate("vpcnative.dev/subnets", "nodes"))
		w.reason("web", v1alpha1.ReasonNeedsAdmin)
		if s := w.get("web"); len(s.Status.LoadBalancer.Ingress) == 0 {
			w.Error("all else has to go on, and it has no address")
		}
		address := strings.TrimSuffix(statusOf(w.get("web"))[0], " VIP")
		set, owner := lb.SetOwner(w.name, loadbalancer.AllNodes), w.owner("web")
		clients := "gcloud compute firewall-rules create " + owner.RoleName("w4") + " --project=host --network=vpc --direction=INGRESS --action=ALLOW --rules=tcp:80" +
			" --description='" + owner.Description() + "' --priority=1000 --source-ranges=0.0.0.0/0 --destination-ranges=" + address + "/32"
		probes := " --project=host --network=vpc --direction=INGRESS --action=ALLOW --rules=tcp:10256 --description='" + set.Description() +
			"' --priority=1000 --source-ranges=130.211.0.0/22,209.85.152.0/22,209.85.204.0/22,35.191.0.0/16"
		// The whole of each is in the Event, which a person copies.
		w.event("web", clients)
		w.event("web", probes)
		w.guard.byHand(func() { w.place.(*gce).asAdmin(w.eventTexts("web")) })
		w.reason("web", v1alpha1.ReasonEnsured)
		w.serves("web", []string{"n1"})
	}},
	{name: "a-dry-run", run: func(w *world) {
		w.nodes("n1")
		w.cfg.DryRun = true
		w.cfg.Resync = resync
		w.start()
		s := w.service("web")
		w.event("web", "dry run, nothing is changed: create ")
		w.service("refused", func(s *corev1.Service) { s.Spec.Ports[0].Protocol = corev1.ProtocolSCTP })
		w.event("refused", v1alpha1.ReasonUnsupportedProtocol)
		// What would be done changes, and the Service does not: each is told of.
		w.node("n2", 1)
		w.eventually(func() error {
			plans := 0
			for _, e := range w.eventTexts("web") {
				if strings.Contains(e, "dry run, nothing is changed") {
					plans++
				}
			}
			return same("Events about plans", plans, 2)
		})
		if got := w.get("web"); got.ResourceVersion != s.ResourceVersion || w.guard.count() > 0 {
			w.Errorf("the Service is %+v, and %s", got.Status, w.guard)
		}
	}},
	{name: "a-zone-without-a-subnet", on: "aws", run: func(w *world) {
		e := w.place.(*amazon)
		w.nodes("n1", "n2", "n3")
		role := "kubernetes.io/role/elb"
		w.guard.byHand(func() {
			_, err := e.ec2.DeleteTags(e.Context(), &ec2.DeleteTagsInput{Resources: []string{e.front[ec2Zones[2]]}, Tags: []ec2types.Tag{{Key: &role}}})
			e.must(err)
		})
		w.cfg.Resync = resync
		w.start()
		w.service("web")
		w.serves("web", []string{"n1", "n2"})
		w.event("web", "2 of 3 backend nodes")
		w.guard.byHand(func() { e.tag(e.front[ec2Zones[2]], role, "1") })
		w.serves("web", []string{"n1", "n2", "n3"})
	}},
	{name: "subnets-that-nobody-tagged", on: "aws", run: func(w *world) {
		e := w.place.(*amazon)
		w.nodes("n1", "n2", "n3")
		var local string
		w.guard.byHand(func() { local = e.untag() })
		w.cfg.Resync = resync
		w.start()
		w.service("web")
		w.serves("web", []string{"n1", "n2", "n3"})
		w.event("web", "3 backend nodes; subnet "+local+" in "+ec2LocalZone+": it is in a Local Zone, where there are no network load balancers")
		e.isIn(w.owner("web"), e.front)
		w.service("inside", annotate("vpcnative.dev/scheme", "Internal"))
		w.serves("inside", []string{"n1", "n2", "n3"}, func(s *shape) { s.Scheme = "internal" })
		e.isIn(w.owner("inside"), e.back)

		// One with more room is for the next balancer, and moves nobody.
		w.stop()
		roomy := maps.Clone(e.front)
		w.guard.byHand(func() { roomy[ec2Zones[0]] = e.public("10.2.128.0/18", ec2Zones[0]) })
		w.start()
		w.service("later")
		w.serves("later", []string{"n1", "n2", "n3"})
		e.isIn(w.owner("later"), roomy)
		w.edit("web", func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP })
		w.serves("web", []string{"n1", "n2", "n3"})
		e.isIn(w.owner("web"), e.front)
	}},
	{name: "no-subnet-at-all", on: "aws", run: func(w *world) {
		e := w.place.(*amazon)
		w.nodes("n1")
		for _, id := range e.front { // those of the nodes are for internal ones
			w.guard.byHand(func() { e.tag(id, "kubernetes.io/role/elb", "no"); e.tag(id, "kubernetes.io/role/internal-elb", "1") })
		}
		w.start()
		w.service("web")
		w.reason("web", string(cloud.NotFound))
		w.event("web", "tag the subnets for balancers kubernetes.io/role/elb=1")
	}},
	{name: "a-machine-that-is-gone", run: func(w *world) {
		w.nodes("n1", "n2", "lost")
		w.guard.byHand(func() { w.destroy("lost") })
		w.start()
		w.service("web")
		w.serves("web", []string{"n1", "n2"})
		w.says("web", "2 of 3 backend nodes; ")
		w.says("web", " cannot be attached: ")
		w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + ".lost"}})
		w.service("more")
		w.serves("more", []string{"n1", "n2"})
		w.says("more", "2 backend nodes")
	}},
	{name: "a-node-of-another-region", on: "gcp", run: func(w *world) {
		w.nodes("n1")
		w.create(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + ".far"}, Spec: corev1.NodeSpec{ProviderID: "gce://" + project + "/europe-west1-b/far"}})
		w.addressed("far", "10.128.77.7")
		w.start()
		w.service("web")
		w.serves("web", []string{"n1"})
		w.says("web", "1 of 2 backend nodes; far cannot be attached: it is in zone europe-west1-b, which is not in region us-central1")
	}},
	{name: "a-node-without-an-address", on: "gcp", run: func(w *world) {
		w.nodes("n1")
		w.start()
		w.service("web")
		w.serves("web", []string{"n1"})
		w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + ".n1"}})
		w.reason("web", v1alpha1.ReasonNoNodes)
		address := w.bare("n2", 1)
		w.event("web", "n2 cannot be attached: it has no IPv4 InternalIP yet")
		w.addressed("n2", address)
		w.serves("web", []string{"n2"})
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
