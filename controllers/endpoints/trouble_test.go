package endpoints

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// TestAZoneThatFailsHoldsUpNoOther: neither its group that cannot be made, nor
// its endpoints that then have none.
func TestAZoneThatFailsHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, group())
	w.cloud.Fail = func(a lb.Action) error {
		if a.Scope == "b" {
			return errors.New("no quota")
		}
		return nil
	}
	w.serve("10.4.0.1", "10.4.1.1")
	_, again := w.turn()
	if got := w.held(); got != "10.4.0.1:8080" || again == 0 {
		t.Errorf("the groups hold %q, and it comes again after %s", got, again)
	}
	if g := w.object(); g.Status.Attached != 1 || g.Status.Endpoints != 2 {
		t.Errorf("status %+v", g.Status)
	}
	w.cloud.Fail = nil
	w.turn()
	if got := w.held(); got != "10.4.0.1:8080 10.4.1.1:8080" {
		t.Errorf("the zone works again, and the groups hold %q", got)
	}
}

// TestWhatFitsNowhereIsNotTriedAgainAndAgain: the cloud is read once for a machine
// that is new, and no turn follows by itself.
func TestWhatFitsNowhereIsNotTriedAgainAndAgain(t *testing.T) {
	w := newWorld(t, group())
	w.turn()
	known := false
	w.cloud.Outside = func(x lb.Endpoint) error {
		if strings.HasSuffix(x.Node.ProviderID, "/nc") && !known {
			return errors.New("its machine is not known")
		}
		return nil
	}
	w.nodes = append(w.nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "nc"}, Spec: corev1.NodeSpec{ProviderID: "fake:///a/nc", PodCIDRs: []string{"10.4.2.0/24"}}})
	if _, err := w.c.reconcile(t.Context(), nodesChanged); err != nil {
		t.Fatal(err)
	}
	reads := len(w.cloud.Reads)
	w.serve("10.4.0.1", "10.4.2.1")
	for range 3 {
		if _, again := w.turn(); again != 0 {
			t.Errorf("it comes again after %s", again)
		}
	}
	if n := len(w.cloud.Reads) - reads; n != 1 {
		t.Errorf("the cloud was read %d times for one new machine", n)
	}
	w.says(v1alpha1.ReasonEndpointsRefused)
	known = true
	w.turn()
	w.says(v1alpha1.ReasonEndpointsAttached)
}

// TestNodesThatChangeAreOneRequest, and the groups are looked at with what there
// is by then.
func TestNodesThatChangeAreOneRequest(t *testing.T) {
	w := newWorld(t, group())
	w.serve("10.4.2.1")
	w.turn()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer q.ShutDown()
	w.c.Gather = time.Millisecond
	for i := range 100 {
		w.c.afterNodes().Create(t.Context(), event.CreateEvent{Object: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(i)}}}, q)
	}
	time.Sleep(50 * time.Millisecond)
	if q.Len() != 1 {
		t.Errorf("100 Nodes are %d requests", q.Len())
	}
	w.nodes = append(w.nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "nc"}, Spec: corev1.NodeSpec{ProviderID: "fake:///a/nc", PodCIDRs: []string{"10.4.2.0/24"}}})
	if _, err := w.c.reconcile(t.Context(), nodesChanged); err != nil || len(w.c.again) != 1 {
		t.Errorf("%d groups are looked at: %v", len(w.c.again), err)
	}
	w.turn()
	if got := w.held(); got != "10.4.2.1:8080" {
		t.Errorf("the groups hold %q", got)
	}
}

// TestASliceThatIsGivenAwayConcernsBothServices.
func TestASliceThatIsGivenAwayConcernsBothServices(t *testing.T) {
	other := group(func(g *v1alpha1.EndpointGroup) { g.Name, g.Spec.ServiceName = "other", "other" })
	w := newWorld(t, group(), other)
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer q.ShutDown()
	w.c.Gather = time.Millisecond
	slice := func(service string) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: map[string]string{discoveryv1.LabelServiceName: service}}}
	}
	w.c.gathered(ofService(serviceOfSlice)).Update(t.Context(), event.UpdateEvent{ObjectOld: slice("web"), ObjectNew: slice("other")}, q)
	time.Sleep(50 * time.Millisecond)
	if q.Len() != 2 {
		t.Errorf("%d groups are looked at", q.Len())
	}
}

// TestADryRunSaysWhatWouldChange, and not what is so already.
func TestADryRunSaysWhatWouldChange(t *testing.T) {
	w := newWorld(t, group())
	w.serve("10.4.0.1", "10.4.1.1")
	w.turn()
	w.start()
	w.c.Engine.DryRun = true
	w.serve("10.4.0.1", "10.4.1.2")
	before := len(w.told)
	if done, _ := w.turn(); len(done) > 0 {
		t.Errorf("a dry run did %v", done)
	}
	text := strings.Join(w.told[before:], "\n")
	if !strings.Contains(text, "+10.4.1.2:8080") || !strings.Contains(text, "-10.4.1.1:8080") || strings.Contains(text, "10.4.0.1:8080") {
		t.Errorf("it says %q", text)
	}
}

// TestTheNetworkOfAGroupIsFixed: an annotation, which anybody may change, moves it
// nowhere.
func TestTheNetworkOfAGroupIsFixed(t *testing.T) {
	w := newWorld(t, group(func(g *v1alpha1.EndpointGroup) {
		g.Annotations = map[string]string{loadbalancer.NetworkAnnotation: "other"}
	}))
	w.serve("10.4.0.1")
	w.turn()
	w.says(v1alpha1.ReasonEndpointsAttached)
}

// TestWhatWasNotSeenStaysAsItWas in the status: a zone that does not answer, a
// group that could not be listed, and a turn that failed before.
func TestWhatWasNotSeenStaysAsItWas(t *testing.T) {
	t.Parallel()
	s := v1alpha1.EndpointGroupStatus{Groups: []v1alpha1.CloudEndpointGroup{{Zone: "a", Name: "g", ID: "a/g", Endpoints: 2, Attached: 2}, {Zone: "b", Name: "g", ID: "b/g", Endpoints: 3, Attached: 3}, {Zone: "gone", Name: "g", Attached: 1}}}
	enterGroups(&s, standing{ready: 4, silent: []string{"a"}, groups: []loadbalancer.Group{{Zone: "b", Name: "g", ID: "b/g", Wanted: 2}}})
	if want := []v1alpha1.CloudEndpointGroup{{Zone: "a", Name: "g", ID: "a/g", Endpoints: 2, Attached: 2}, {Zone: "b", Name: "g", ID: "b/g", Endpoints: 2, Attached: 3}}; !slices.Equal(s.Groups, want) || s.Attached != 5 || s.Endpoints != 4 {
		t.Errorf("status %+v", s)
	}
}

// TestWhatTheAPIServerLacksIsNamed, with what to do.
func TestWhatTheAPIServerLacksIsNamed(t *testing.T) {
	w := newWorld(t, group())
	if err := w.c.readable(t.Context()); err != nil {
		t.Error(err)
	}
	w.c.Live = lacking{w.api}
	if err := w.c.readable(t.Context()); err == nil || !strings.Contains(err.Error(), "deploy/crds") {
		t.Errorf("it says %v", err)
	}
}

// lacking is an API server that has no such kind.
type lacking struct{ client.Reader }

func (lacking) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return &meta.NoKindMatchError{}
}

// TestAPortThatIsRenamedDetachesNobody who is wanted under the new name.
func TestAPortThatIsRenamedDetachesNobody(t *testing.T) {
	w := newWorld(t, group(func(g *v1alpha1.EndpointGroup) { g.Spec.Port = intstr.FromInt32(80) }))
	w.serve("10.4.0.1", "10.4.1.1")
	w.turn()
	s := &corev1.Service{}
	if err := w.api.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "web"}, s); err != nil {
		t.Fatal(err)
	}
	s.Spec.Ports[0].Name = "web"
	if err := w.api.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if done, again := w.turn(); len(done) > 0 || again == 0 {
		t.Errorf("the slices are behind, and it did %v, and comes again after %s", done, again)
	}
	w.now = w.now.Add(time.Minute)
	if w.turn(); w.held() != "" {
		t.Errorf("the slices never get the port, and the groups hold %s", w.held())
	}
}

// TestAGroupInUseStaysAndSaysSo, whichever way a cloud has of refusing it.
func TestAGroupInUseStaysAndSaysSo(t *testing.T) {
	for name, refusal := range map[string]error{
		"at once": &cloud.Error{Reason: cloud.Conflict, Act: "delete", Resource: "g", Err: errors.New("in use")},
		"lingers": &lb.Lingers{Err: &cloud.Error{Reason: cloud.Conflict, Act: "delete", Resource: "g", Err: errors.New("in use")}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, group())
			w.serve("10.4.0.1")
			w.turn()
			if err := w.api.Delete(t.Context(), group()); err != nil {
				t.Fatal(err)
			}
			w.cloud.Fail = func(lb.Action) error { return refusal }
			_, again := w.turn()
			g := w.object()
			c := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
			if again == 0 || len(g.Finalizers) == 0 || c.Reason != string(cloud.Conflict) || !strings.Contains(c.Message, "deleted once nothing uses it") || strings.Contains(c.Message, "load balancer is deleted") {
				t.Errorf("it comes again after %s, and says %+v", again, c)
			}
			w.cloud.Fail = nil
			if w.turn(); len(w.cloud.State) > 0 {
				t.Errorf("nothing uses it, and it stays: %v", w.cloud.State)
			}
		})
	}
}
