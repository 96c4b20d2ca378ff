package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

func same(got, want string) error {
	if got != want {
		return fmt.Errorf("%q, want %q", got, want)
	}
	return nil
}

func gone(s *corev1.Service) error {
	if s != nil {
		return fmt.Errorf("%s is still there: %v", s.Name, s.Finalizers)
	}
	return nil
}

func ownerOf(a lb.Action) cloud.Owner {
	if a.Want != nil {
		return a.Want.Owner
	}
	return a.Got.Owner
}

func TestNodesComeAndGoWithoutThePlansOfServices(t *testing.T) {
	w := newWorld(t, "n1", "n2")
	const services = 20
	for i := range services {
		w.service(fmt.Sprintf("web-%d", i), nil)
	}
	w.start()
	for i := range services {
		w.expect(fmt.Sprintf("web-%d", i), v1alpha1.ReasonEnsured, 1)
	}
	w.members("a/n1 a/n2")
	patch := func(name string, change func(*corev1.Node)) {
		t.Helper()
		n := &corev1.Node{}
		if err := w.api.Get(context.Background(), client.ObjectKey{Name: w.name + "-" + name}, n); err != nil {
			t.Fatal(err)
		}
		before := n.DeepCopy()
		change(n)
		if err := w.api.Patch(context.Background(), n, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	}
	const label = corev1.LabelNodeExcludeBalancers
	for _, step := range []struct {
		name    string
		do      func()
		members string
		changes int
	}{
		{"one joins", func() { w.node("n3", "a") }, "a/n1 a/n2 a/n3", 1},
		{"one is excluded", func() { patch("n1", func(n *corev1.Node) { n.Labels = map[string]string{label: ""} }) }, "a/n2 a/n3", 1},
		{"it is not any more", func() { patch("n1", func(n *corev1.Node) { n.Labels = map[string]string{label: "false"} }) }, "a/n1 a/n2 a/n3", 1},
		{"the autoscaler is to remove one", func() {
			patch("n2", func(n *corev1.Node) {
				n.Spec.Taints = []corev1.Taint{{Key: informer.TaintToBeDeleted, Effect: corev1.TaintEffectNoSchedule}}
			})
		}, "a/n1 a/n3", 1},
		{"one leaves", func() { w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + "-n2"}}) }, "a/n1 a/n3", 0},
		{"something else changes", func() {
			patch("n1", func(n *corev1.Node) { n.Annotations = map[string]string{"x": "y"}; n.Spec.Unschedulable = true })
		}, "a/n1 a/n3", 0},
	} {
		w.settles()
		step.do()
		w.members(step.members)
		time.Sleep(100 * time.Millisecond)
		if reads, changes := w.cloud.Counts(); reads > 0 || changes != step.changes {
			t.Errorf("%s: %d reads, %d changes, want %d", step.name, reads, changes, step.changes)
		}
	}
	w.node("n9", "b")
	w.members("a/n1 a/n3 b/n9")
	for i := range services {
		w.wait(func() error { return same(fmt.Sprint(len(w.one(fmt.Sprintf("web-%d", i), "backend").Uses)), "3") })
	}
}

// TestAMachineThatCannotBeAttachedHoldsUpNothing: it is named, with how many
// are attached, and comes in when it can be.
func TestAMachineThatCannotBeAttachedHoldsUpNothing(t *testing.T) {
	w := newWorld(t, "one", "two", "bad")
	w.cloud.Broken["gce://p/a/bad"] = true
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.members("a/one a/two")
	w.says("web", "2 of 3 backend nodes; gce://p/a/bad cannot be attached: ")
	w.service("more", nil)
	w.expect("more", v1alpha1.ReasonEnsured, 1)
	w.cloud.With(func() { w.cloud.Broken = nil })
	w.members("a/bad a/one a/two")
	w.says("web", "3 backend nodes")
}

// TestWhatPoolsHoldIsListedOnce, and then known by what is done.
func TestWhatPoolsHoldIsListedOnce(t *testing.T) {
	w := newWorld(t, "one")
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	for _, more := range []string{"three", "two"} {
		w.node(more, "a")
	}
	w.members("a/one a/three a/two")
	w.start() // another manager
	w.service("more", nil)
	w.expect("more", v1alpha1.ReasonEnsured, 1)
	w.node("x", "a")
	w.members("a/one a/three a/two a/x")
	w.cloud.With(func() {
		if len(w.cloud.Lists) != 1 { // at its start; a pool that is made holds nothing
			w.Errorf("listed: %v", w.cloud.Lists)
		}
	})
}

// TestASlowPlanUndoesNoNewerNodes: a node that joins while a Service's plan is
// carried out stays in the pools when that ends.
func TestASlowPlanUndoesNoNewerNodes(t *testing.T) {
	w := newWorld(t, "one")
	w.start()
	w.service("slow", nil)
	w.expect("slow", v1alpha1.ReasonEnsured, 1)
	w.members("a/one")
	begun, goOn := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(begun); <-goOn })
	w.cloud.Lock()
	w.cloud.Fail = func(a lb.Action) error {
		if a.Kind == "wall" {
			once()
		}
		return nil
	}
	w.cloud.Unlock()
	w.edit("slow", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} })
	<-begun
	w.node("two", "a")
	w.members("a/one a/two")
	close(goOn)
	w.wait(func() error {
		if from := w.one("slow", "wall").Fields["from"]; len(from) != 1 || from[0] != "192.0.2.0/24" {
			return fmt.Errorf("from %v", from)
		}
		return nil
	})
	w.still()
	w.members("a/one a/two")
}

// TestASlowPoolHoldsUpNoOther of the set, neither what it is to hold by now nor
// the Services that it does not concern.
func TestASlowPoolHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, "one")
	w.node("two", "b")
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.members("a/one b/two")
	goOn, begun := make(chan struct{}), make(chan struct{})
	hang := sync.OnceFunc(func() { close(begun); <-goOn })
	w.cloud.With(func() {
		w.cloud.Wait = func(g members.Group) {
			if g.Scope == "a" {
				hang()
			}
		}
	})
	w.node("slow", "a")
	<-begun
	w.node("three", "b")
	w.members("a/one b/three b/two")
	w.node("four", "b")
	w.members("a/one b/four b/three b/two")
	close(goOn)
	w.members("a/one a/slow b/four b/three b/two")
	w.node("five", "a")
	w.members("a/five a/one a/slow b/four b/three b/two")
}

// TestASlowPoolIsCountedWhenItIsDone, without anybody's touching the Service.
func TestASlowPoolIsCountedWhenItIsDone(t *testing.T) {
	w := newWorld(t)
	first := w.node("one", "a")
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.delete(first)
	w.expect("web", v1alpha1.ReasonNoNodes, 1)
	goOn := make(chan struct{})
	hang := sync.OnceFunc(func() { <-goOn })
	w.cloud.With(func() { w.cloud.Wait = func(members.Group) { hang() } })
	w.node("two", "a")
	w.says("web", "still being changed")
	close(goOn)
	w.members("a/two")
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.says("web", "1 backend node")
}

func TestARestartOnlyReads(t *testing.T) {
	w := newWorld(t, "n1")
	for _, name := range []string{"a", "b", "c"} {
		w.service(name, nil)
	}
	w.start()
	for _, name := range []string{"a", "b", "c"} {
		w.expect(name, v1alpha1.ReasonEnsured, 1)
	}
	w.members("a/n1")
	before := w.get("a").ResourceVersion
	w.stop()
	w.cloud.Counts()
	w.start()
	w.wait(func() error {
		w.cloud.Lock()
		defer w.cloud.Unlock()
		return same(fmt.Sprint(w.cloud.Reads), "[all]")
	})
	if reads, changes := w.still(); reads+changes > 0 {
		t.Errorf("%d reads and %d changes after the first one", reads, changes)
	}
	if w.get("a").ResourceVersion != before {
		t.Error("the Service was written")
	}
}

func TestDriftIsRepaired(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.Resync = 300 * time.Millisecond
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.members("a/n1")
	w.cloud.With(func() {
		for ref, r := range w.cloud.State {
			r.Fields = maps.Clone(r.Fields)
			switch r.Kind {
			case "wall":
				delete(w.cloud.State, ref)
			case "backend":
				r.Fields["affinity"], r.Version = []string{"true"}, "by hand"
				w.cloud.State[ref] = r
			case "pool":
				delete(w.cloud.Held, ref)
			}
		}
	})
	w.left("web", plainParts)
	w.members("a/n1")
	w.wait(func() error { return same(w.one("web", "backend").Fields.One("affinity"), "false") })
}

func TestWhatHasNoServiceGoesAfterItsGrace(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.OrphanGrace = time.Second
	half := lb.Resource{Ref: fake.Named("wall", w.owner("half"), "wall"), Owner: w.owner("half"), Fields: lb.Fields{}}
	foreign := lb.Resource{Ref: lb.Ref{Kind: "wall", Name: "somebody-s"}, Fields: lb.Fields{}}
	network := lb.Resource{Ref: lb.Ref{Kind: "wall", Name: "pods"}, Owner: cloud.Owner{ClusterID: w.name, Kind: "Network", Name: w.name}}
	w.cloud.State = lb.StateOf(half, foreign, network)
	began := time.Now()
	w.cloud.Fail = func(a lb.Action) error {
		if took := time.Since(began); ownerOf(a) == half.Owner && took < w.cfg.OrphanGrace {
			w.Errorf("the orphan goes after %s", took)
		}
		return nil
	}
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.delete(w.get("web"))
	w.wait(func() error { return gone(w.get("web")) })
	w.left("half", 0)
	w.wait(func() error {
		return same(fmt.Sprint(len(w.cloud.Of(lb.SetOwner(w.name, loadbalancer.AllNodes)))), "0")
	})
	w.event("OrphanRemoved")
	if got := w.cloud.Of(cloud.Owner{}); len(got) != 1 {
		t.Errorf("what is not ours: %v", got)
	}
	if got := w.cloud.Of(network.Owner); len(got) != 1 {
		t.Errorf("what is another controller's: %v", got)
	}
}

func TestABrokenOrSlowServiceDelaysNobody(t *testing.T) {
	w := newWorld(t, "n1")
	let := make(chan struct{})
	w.cloud.Fail = func(a lb.Action) error {
		switch ownerOf(a).Name {
		case "slow":
			<-let
		case "broken":
			return fake.Bad(a, cloud.QuotaExceeded, "FORWARDING_RULES is 5")
		}
		return nil
	}
	w.start()
	w.service("slow", nil)
	w.service("broken", nil)
	w.expect("broken", string(cloud.QuotaExceeded), 0)
	w.event("QuotaExceeded: ")
	for i := range 5 {
		name := fmt.Sprintf("fine-%d", i)
		w.service(name, nil)
		w.expect(name, v1alpha1.ReasonEnsured, 1)
	}
	close(let)
	w.expect("slow", v1alpha1.ReasonEnsured, 1)
}

func TestAFlappingServiceEndsAtItsLatestStateInFewCalls(t *testing.T) {
	w := newWorld(t, "n1")
	const burst = 3 // rounds that a Service gets at once
	w.cfg.Pace = 200 * time.Millisecond
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.settles()
	began := time.Now()
	for i := range 50 {
		w.edit("web", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{fmt.Sprintf("10.%d.0.0/16", i)} })
	}
	w.wait(func() error { return same(w.one("web", "wall").Fields.One("from"), "10.49.0.0/16") })
	_, changes := w.cloud.Counts()
	if most := burst + 2 + int(time.Since(began)/w.cfg.Pace); changes > most {
		t.Errorf("%d changes for 50 edits, and %d would have been enough", changes, most)
	}
}

func TestDeletionWhileCreationIsUnderWay(t *testing.T) {
	w := newWorld(t, "n1")
	let, waits := make(chan struct{}), atomic.Bool{}
	w.cloud.Fail = func(a lb.Action) error {
		if a.Kind == "backend" && a.Verb == lb.Create {
			waits.Store(true)
			<-let
		}
		return nil
	}
	w.start()
	web := w.service("web", nil)
	w.wait(func() error { return same(fmt.Sprint(waits.Load()), "true") })
	w.delete(web)
	close(let)
	w.wait(func() error { return gone(w.get("web")) })
	w.left("web", 0)
}

func TestLostRepliesLeaveNothingTwiceAndNothingBehind(t *testing.T) {
	w := newWorld(t, "n1")
	var n atomic.Int32
	w.cloud.Lose = func(a lb.Action) error {
		if n.Add(1)%2 == 0 {
			return fake.Bad(a, cloud.OutcomeUnknown, "the reply was lost")
		}
		return nil
	}
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.left("web", plainParts)
	w.delete(w.get("web"))
	w.wait(func() error { return gone(w.get("web")) })
	w.left("web", 0)
}

func TestWhatIsNotOursIsAConflict(t *testing.T) {
	w := newWorld(t, "n1")
	ref := fake.Named("backend", w.owner("web"), "backend")
	w.cloud.State[ref] = lb.Resource{Ref: ref, Fields: lb.Fields{}}
	w.start()
	w.service("web", nil)
	w.expect("web", string(cloud.Conflict), 1)
	w.event(ref.Name)
	w.delete(w.get("web"))
	w.wait(func() error { return gone(w.get("web")) })
	if got := w.cloud.Of(cloud.Owner{}); len(got) != 1 {
		t.Errorf("it was touched: %v", got)
	}
}

func TestAStepForTheAdminHoldsNothingUp(t *testing.T) {
	w := newWorld(t, "n1")
	w.cloud.Fail = func(a lb.Action) error {
		if a.Kind == "wall" {
			return &lb.NeedsAdmin{Command: "gcloud compute firewall-rules create x", Err: fake.Bad(a, cloud.PermissionDenied, "no")}
		}
		return nil
	}
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonNeedsAdmin, 1)
	w.event("have somebody with the rights run: gcloud compute firewall-rules create x")
	w.left("web", plainParts-1)
}

func TestWhoLeadsNoMoreChangesNothing(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.StillLeads = func(context.Context) error { return errors.New("another leads") }
	w.start()
	w.service("web", nil)
	w.event("another leads")
	if _, changes := w.cloud.Counts(); changes > 0 {
		t.Errorf("%d changes", changes)
	}
}

func TestWithoutNodesThereIsAnEvent(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonNoNodes, 1)
	w.event("UnAvailableLoadBalancer")
	w.node("n1", "a")
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.members("a/n1")
}

func TestNothingIsPlannedOnAReadingThatFailed(t *testing.T) {
	w := newWorld(t, "n1")
	w.cloud.FailRead = fake.Bad(lb.Action{}, cloud.PermissionDenied, "compute.forwardingRules.list")
	w.start()
	w.service("web", nil)
	w.expect("web", string(cloud.PermissionDenied), 0)
	w.event("compute.forwardingRules.list")
	reads, changes := w.still()
	if changes > 0 || reads > 1 {
		t.Errorf("%d reads, %d changes", reads, changes)
	}
	if s := w.get("web"); strings.Join(s.Finalizers, "") != "" {
		t.Error("a finalizer, and nothing was made")
	}
}
