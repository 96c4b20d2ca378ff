package endpoints

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	clientfake "sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

// world is a controller on a cloud in memory, whose clock is moved by hand.
type world struct {
	*testing.T
	api   client.Client
	cloud *fake.Cloud
	pods  podsBy
	nodes []*corev1.Node
	now   time.Time
	c     *Controller
	told  []string
}

type podsBy map[string][]string

func (p podsBy) Namespaces(a netip.Addr) []string                        { return p[a.String()] }
func (p podsBy) WaitForSync(context.Context) error                       { return nil }
func (p podsBy) Came() <-chan event.TypedGenericEvent[*corev1.Namespace] { return nil }
func (p podsBy) TakeNews() []string                                      { return nil }

// Eventf has the world record Events.
func (w *world) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	w.told = append(w.told, reason+": "+fmt.Sprintf(note, args...))
}

const window = time.Second

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Parallel()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	network := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.NetworkSpec{GCP: &v1alpha1.GCPNetwork{Project: "p"}}}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
	objects = append(objects, network, service)
	w := &world{T: t, cloud: fake.New(), pods: podsBy{}, now: time.Unix(1_800_000_000, 0),
		api: clientfake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.EndpointGroup{}).WithObjects(objects...).Build()}
	for i, zone := range []string{"a", "b"} {
		w.nodes = append(w.nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n" + zone},
			Spec: corev1.NodeSpec{ProviderID: "fake:///" + zone + "/n" + zone, PodCIDRs: []string{fmt.Sprintf("10.4.%d.0/24", i)}}})
	}
	w.start()
	return w
}

// start makes a controller that knows nothing, in the place of the one before.
func (w *world) start() {
	registry := prometheus.NewRegistry()
	engine := loadbalancer.New(loadbalancer.Config{
		Client: w.api, Nodes: func() []*corev1.Node { return w.nodes }, ClusterID: "c", Events: w, Metrics: loadbalancer.NewMetrics(registry),
		Again: 10 * time.Millisecond, Now: func() time.Time { return w.now },
		OpenBalancers: func(context.Context, *v1alpha1.Network) (lb.Balancers, error) { return w.cloud, nil },
	})
	w.c = New(Config{Engine: engine, Client: w.api, Live: w.api, Nodes: func() []*corev1.Node { return w.nodes }, Pods: w.pods,
		Events: w, Metrics: NewMetrics(registry), Gather: window})
}

func group(edits ...func(*v1alpha1.EndpointGroup)) *v1alpha1.EndpointGroup {
	g := &v1alpha1.EndpointGroup{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec: v1alpha1.EndpointGroupSpec{ServiceName: "web", Port: intstr.FromString("http"), Protocol: v1alpha1.ProtocolTCP, IPFamily: v1alpha1.IPv4}}
	for _, edit := range edits {
		edit(g)
	}
	return g
}

// serve has the Service's slice say who serves: addresses, with ! for one that
// is not ready and ~ for one that terminates. Pods of the namespace have them.
func (w *world) serve(texts ...string) {
	w.Helper()
	s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](8080)}}}
	for _, text := range texts {
		a := strings.TrimRight(text, "!~")
		ready, gone := a == text, strings.HasSuffix(text, "~")
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}, Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready, Terminating: &gone}})
		if w.pods[a] == nil {
			w.pods[a] = []string{"shop"}
		}
	}
	old := &discoveryv1.EndpointSlice{ObjectMeta: s.ObjectMeta}
	if err := client.IgnoreNotFound(w.api.Delete(w.Context(), old)); err != nil {
		w.Fatal(err)
	}
	if err := w.api.Create(w.Context(), s); err != nil {
		w.Fatal(err)
	}
}

// turn looks at the group once, and returns the changes that were made in the
// cloud.
func (w *world) turn() (done []string, again time.Duration) {
	w.Helper()
	before := len(w.cloud.Done)
	r, err := w.c.reconcile(w.Context(), reconcile.Request{NamespacedName: client.ObjectKey{Namespace: "shop", Name: "web"}})
	if err != nil {
		w.Fatal(err)
	}
	done = slices.Clone(w.cloud.Done[before:])
	slices.Sort(done)
	return done, r.RequeueAfter
}

func (w *world) object() *v1alpha1.EndpointGroup {
	w.Helper()
	g := &v1alpha1.EndpointGroup{}
	if err := w.api.Get(w.Context(), client.ObjectKey{Namespace: "shop", Name: "web"}, g); err != nil {
		w.Fatal(err)
	}
	return g
}

// held is what the cloud's groups hold, in order.
func (w *world) held() string {
	var all []string
	for _, list := range w.cloud.Held {
		all = append(all, list...)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (w *world) says(reason string) {
	w.Helper()
	if c := meta.FindStatusCondition(w.object().Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Reason != reason {
		w.Errorf("Ready is %+v, want reason %s", c, reason)
	}
}

// TestOnePodReplacedIsTwoCalls and no listing, and a turn without a change none.
func TestOnePodReplacedIsTwoCalls(t *testing.T) {
	w := newWorld(t, group())
	w.serve("10.4.0.1", "10.4.0.2", "10.4.1.1")
	w.turn()
	if got := w.held(); got != "10.4.0.1:8080 10.4.0.2:8080 10.4.1.1:8080" {
		t.Fatalf("the groups hold %s", got)
	}
	w.says(v1alpha1.ReasonEndpointsAttached)
	if g := w.object(); g.Status.Attached != 3 || len(g.Status.Groups) != 2 || g.Status.Groups[0].Zone != "a" || g.Status.Groups[0].Attached != 2 {
		t.Errorf("status %+v", g.Status)
	}
	if done, again := w.turn(); len(done) > 0 || again > 0 {
		t.Errorf("nothing changed, and it did %v, and comes again after %s", done, again)
	}
	lists := len(w.cloud.Lists)
	w.serve("10.4.0.3", "10.4.0.2", "10.4.0.1~", "10.4.1.1")
	if done, _ := w.turn(); len(done) != 2 || !strings.HasPrefix(done[0], "attach") || !strings.HasPrefix(done[1], "detach") {
		t.Errorf("one pod was replaced by %v", done)
	}
	if got := w.held(); got != "10.4.0.2:8080 10.4.0.3:8080 10.4.1.1:8080" || len(w.cloud.Lists) != lists {
		t.Errorf("the groups hold %s, after %d listings", got, len(w.cloud.Lists)-lists)
	}
}

// TestARestartChangesNothing: what the groups hold is listed, and is right.
func TestARestartChangesNothing(t *testing.T) {
	w := newWorld(t, group())
	w.serve("10.4.0.1", "10.4.1.1")
	w.turn()
	w.start()
	if done, _ := w.turn(); len(done) > 0 {
		t.Errorf("a restart did %v", done)
	}
}

func TestAFlapMakesNoCall(t *testing.T) {
	w := newWorld(t, group())
	w.serve("10.4.0.1", "10.4.1.1")
	w.turn()
	w.now = w.now.Add(time.Minute)
	w.turn()
	w.now = w.now.Add(window / 2)
	w.serve("10.4.0.1!", "10.4.1.1")
	if done, again := w.turn(); len(done) > 0 || again != window/2 {
		t.Errorf("not ready for a moment: did %v, and comes again after %s", done, again)
	}
	w.now = w.now.Add(window / 2)
	if done, _ := w.turn(); len(done) != 1 || w.held() != "10.4.1.1:8080" {
		t.Errorf("not ready for longer: did %v, and holds %s", done, w.held())
	}
}

// TestABadEndpointIsSaidAndHoldsNobodyUp: the cloud does not take it, its Node is
// not known, or it is another namespace's.
func TestABadEndpointIsSaidAndHoldsNobodyUp(t *testing.T) {
	w := newWorld(t, group())
	w.cloud.Broken["10.4.0.9:8080"] = true
	w.pods["10.4.0.8"] = []string{"bank"}
	w.serve("10.4.0.1", "10.4.0.9", "10.4.0.8", "10.9.0.1", "10.4.1.1")
	w.turn()
	if got := w.held(); got != "10.4.0.1:8080 10.4.1.1:8080" {
		t.Errorf("the groups hold %s", got)
	}
	c := meta.FindStatusCondition(w.object().Status.Conditions, v1alpha1.ConditionEndpointsRefused)
	for _, text := range []string{"10.4.0.9:8080: ", "10.4.0.8:8080: the address is of a pod in namespace bank", "10.9.0.1:8080: no Node has the address"} {
		if c == nil || c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, text) {
			t.Errorf("the condition is %+v, and does not say %q", c, text)
		}
	}
	if len(w.told) == 0 {
		t.Error("there is no Event")
	}
	delete(w.cloud.Broken, "10.4.0.9:8080")
	w.serve("10.4.0.1", "10.4.0.9", "10.4.1.1")
	w.now = w.now.Add(time.Hour)
	w.turn()
	if c := meta.FindStatusCondition(w.object().Status.Conditions, v1alpha1.ConditionEndpointsRefused); c.Status != metav1.ConditionFalse {
		t.Errorf("all is well, and the condition is %+v", c)
	}
	w.says(v1alpha1.ReasonEndpointsAttached)
}

func TestWhatCannotBeFollowedIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*v1alpha1.EndpointGroup)
		want string
	}{
		"no such Service":   {func(g *v1alpha1.EndpointGroup) { g.Spec.ServiceName = "gone" }, v1alpha1.ReasonServiceNotFound},
		"no such port":      {func(g *v1alpha1.EndpointGroup) { g.Spec.Port = intstr.FromInt32(81) }, v1alpha1.ReasonPortNotFound},
		"no such Network":   {func(g *v1alpha1.EndpointGroup) { g.Spec.NetworkName = "gone" }, v1alpha1.ReasonNetworkNotFound},
		"what it cannot do": {func(g *v1alpha1.EndpointGroup) { g.Spec.HealthCheck = &v1alpha1.EndpointHealthCheck{} }, "Invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, group(c.edit))
			w.serve("10.4.0.1")
			w.turn()
			w.says(c.want)
			if got := w.held(); got != "" {
				t.Errorf("the groups hold %s", got)
			}
		})
	}
}

// TestADeletedGroupLeavesNothing, and keeps its finalizer until then.
func TestADeletedGroupLeavesNothing(t *testing.T) {
	w := newWorld(t, group())
	w.serve("10.4.0.1")
	w.turn()
	if !slices.Contains(w.object().Finalizers, v1alpha1.LoadBalancerFinalizer) {
		t.Fatal("it has no finalizer")
	}
	if err := w.api.Delete(t.Context(), group()); err != nil {
		t.Fatal(err)
	}
	w.cloud.Fail = func(lb.Action) error { return fmt.Errorf("unavailable") }
	if _, again := w.turn(); again == 0 || len(w.object().Finalizers) == 0 {
		t.Error("it failed, and is not tried again")
	}
	w.cloud.Fail = nil
	w.turn()
	if err := w.api.Get(t.Context(), client.ObjectKeyFromObject(group()), &v1alpha1.EndpointGroup{}); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("it is still there: %v", err)
	}
	if len(w.cloud.State) > 0 {
		t.Errorf("left in the cloud: %v", w.cloud.State)
	}
}
