package network

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/vpc"
)

// bench is a controller on a fake API server, with a VPC that reads as told.
type bench struct {
	t          *testing.T
	api        client.Client
	controller *Controller
	recorder   *events.FakeRecorder
	writes     int
	conflicts  int // of the next patches

	cannotOpen, cannotRead error
	snapshot               cloud.Snapshot
}

func (b *bench) Read(context.Context) (cloud.Snapshot, error) { return b.snapshot, b.cannotRead }

func newBench(t *testing.T, objects ...client.Object) *bench {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, recorder: events.NewFakeRecorder(100)}
	b.api = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(objects...).
		WithInterceptorFuncs(interceptor.Funcs{
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
				b.writes++
				if b.conflicts > 0 {
					b.conflicts--
					return apierrors.NewConflict(v1alpha1.GroupVersion.WithResource("networks").GroupResource(), o.GetName(), errors.New("somebody wrote"))
				}
				return c.Patch(ctx, o, p, opts...)
			},
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
				b.writes++
				return c.SubResource(sub).Patch(ctx, o, p, opts...)
			},
		}).Build()
	open := func(context.Context, *v1alpha1.Network) (cloud.VPC, error) { return cloud.VPC{Space: b}, b.cannotOpen }
	b.controller = New(Config{
		Client: b.api, Live: b.api, ClusterID: "mine", Events: b.recorder, Metrics: NewMetrics(prometheus.NewRegistry()),
		OpenVPC: open, Space: vpc.New(vpc.Config{Open: open}),
	})
	return b
}

func (b *bench) reconcile() reconcile.Result {
	b.t.Helper()
	result, err := b.controller.Reconcile(context.Background(), reconcile.Request{NamespacedName: client.ObjectKey{Name: "default"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// network returns the Network, nil when it has gone.
func (b *bench) network() *v1alpha1.Network {
	b.t.Helper()
	n := &v1alpha1.Network{}
	err := b.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bench) delete(o client.Object) {
	b.t.Helper()
	if err := b.api.Delete(context.Background(), o); err != nil {
		b.t.Fatal(err)
	}
}

// expect checks a condition, and that an Event with the same reason and text
// told of it where it is a warning.
func (b *bench) expect(kind string, status metav1.ConditionStatus, reason, text string) {
	b.t.Helper()
	cond := meta.FindStatusCondition(b.network().Status.Conditions, kind)
	if cond == nil || cond.Status != status || cond.Reason != reason || !strings.Contains(cond.Message, text) {
		b.t.Fatalf("condition %s is %+v, want %s, %s: ...%s", kind, cond, status, reason, text)
	}
	if status == metav1.ConditionTrue && kind == v1alpha1.ConditionReady || status == metav1.ConditionFalse && kind != v1alpha1.ConditionReady {
		return
	}
	want := corev1.EventTypeWarning + " " + reason + " " + cond.Message
	for len(b.recorder.Events) > 0 {
		if got := <-b.recorder.Events; got == want {
			return
		}
	}
	b.t.Fatalf("no Event %q", want)
}

func aNetwork(supernets ...v1alpha1.CIDR) *v1alpha1.Network {
	return &v1alpha1.Network{
		ObjectMeta: metav1.ObjectMeta{Name: "default", Generation: 1},
		Spec:       v1alpha1.NetworkSpec{GCP: &v1alpha1.GCPNetwork{}, Supernets: supernets},
	}
}

func aRequest(name, network string, ranges ...v1alpha1.GrantedRange) *v1alpha1.RangeRequest {
	return &v1alpha1.RangeRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.RangeRequestSpec{NetworkName: network},
		Status: v1alpha1.RangeRequestStatus{Ranges: ranges},
	}
}

func granted(cidr string) v1alpha1.GrantedRange {
	return v1alpha1.GrantedRange{CIDR: cidr, Subnet: "nodes"}
}

func TestANetworkIsReadAndHeld(t *testing.T) {
	t.Parallel()
	b := newBench(t, aNetwork("10.0.0.0/8"))
	b.snapshot = cloud.Snapshot{Occupied: []cloud.Occupied{{Prefix: netip.MustParsePrefix("10.0.0.0/20"), Kind: cloud.SubnetPrimary, Name: "r/nodes"}}}
	if again := b.reconcile().RequeueAfter; again != period {
		t.Errorf("read again after %s", again)
	}
	b.expect(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "1 blocks in use")
	b.expect(v1alpha1.ConditionSupernetInUse, metav1.ConditionFalse, v1alpha1.ReasonInsideSupernets, "")
	if n := b.network(); !controllerutil.ContainsFinalizer(n, v1alpha1.Finalizer) || n.Status.ObservedGeneration != 1 || n.Status.OccupiedCount != 1 {
		t.Errorf("got %+v", n)
	}
	b.writes = 0
	if b.reconcile(); b.writes > 0 {
		t.Errorf("%d writes where nothing has changed", b.writes)
	}
	b.controller.Now = func() time.Time { return time.Now().Add(time.Hour) }
	before := b.network().Status.LastRead
	if b.reconcile(); b.writes != 1 || !b.network().Status.LastRead.After(before.Time) {
		t.Errorf("%d writes an hour later; read at %v, and at %v before", b.writes, b.network().Status.LastRead, before)
	}
}

func TestWhyTheVPCCannotBeReadIsSaidOnceAndWhatWasFoundStays(t *testing.T) {
	t.Parallel()
	b := newBench(t, aNetwork("10.0.0.0/8"))
	b.snapshot = cloud.Snapshot{Occupied: []cloud.Occupied{{Prefix: netip.MustParsePrefix("10.0.0.0/20"), Kind: cloud.SubnetPrimary, Name: "r/nodes"}}}
	b.reconcile()
	b.cannotRead = &cloud.Error{Reason: cloud.PermissionDenied, Act: "read network", Err: errors.New("403")}
	if again := b.reconcile().RequeueAfter; again != retryPause {
		t.Errorf("read again after %s", again)
	}
	b.expect(v1alpha1.ConditionReady, metav1.ConditionFalse, string(cloud.PermissionDenied), "read network: 403")
	if got := b.network().Status.OccupiedCount; got != 1 {
		t.Errorf("%d blocks are left in the status", got)
	}
	b.writes = 0
	if b.reconcile(); b.writes > 0 || len(b.recorder.Events) > 0 {
		t.Errorf("the same was said again: %d writes, %d Events", b.writes, len(b.recorder.Events))
	}
}

func TestADeletedNetworkWaitsForItsRequests(t *testing.T) {
	t.Parallel()
	one, two := aRequest("one", "default"), aRequest("two", "")
	b := newBench(t, aNetwork("10.0.0.0/8"), one, two, aRequest("elsewhere", "another"))
	b.reconcile()
	b.delete(b.network())
	b.cannotRead = errors.New("the VPC does not matter")
	b.reconcile()
	b.expect(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse, "2 RangeRequests refer to the Network (one, two)")
	b.delete(one)
	b.reconcile()
	b.expect(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse, "1 RangeRequests refer to the Network (two)")
	b.writes = 0
	if b.reconcile(); b.writes > 0 {
		t.Errorf("%d writes where nothing has changed", b.writes)
	}
	b.delete(two)
	b.reconcile()
	if n := b.network(); n != nil {
		t.Errorf("it is still there: %+v", n)
	}
	b.reconcile() // and its absence is no error
}

// TestANetworkFromBeforeTheFinalizerIsHeld: one that was there, with its
// status and requests, before the manager knew the finalizer.
func TestANetworkFromBeforeTheFinalizerIsHeld(t *testing.T) {
	t.Parallel()
	old := aNetwork("10.0.0.0/8")
	old.Finalizers = []string{v1alpha1.FirewallFinalizer}
	old.Status.ObservedGeneration, old.Status.OccupiedCount = 1, 7
	one := aRequest("one", "default", granted("10.1.0.0/16"))
	b := newBench(t, old, one)
	b.reconcile()
	if n := b.network(); !slices.Contains(n.Finalizers, v1alpha1.Finalizer) || !slices.Contains(n.Finalizers, v1alpha1.FirewallFinalizer) {
		t.Errorf("it carries %v", n.Finalizers)
	}
	b.delete(b.network())
	b.reconcile()
	b.expect(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse, "(one)")
	b.delete(one)
	b.reconcile()
	if n := b.network(); n == nil || !slices.Equal(n.Finalizers, []string{v1alpha1.FirewallFinalizer}) {
		t.Errorf("it is %+v, want it to wait for the firewall alone", n)
	}
}

// TestANetworkThatGoesGetsNoFinalizer: the API server would refuse it. One
// that was deleted before the upgrade is let go as it was then.
func TestANetworkThatGoesGetsNoFinalizer(t *testing.T) {
	t.Parallel()
	old := aNetwork("10.0.0.0/8")
	old.Finalizers = []string{v1alpha1.FirewallFinalizer}
	b := newBench(t, old, aRequest("one", "default", granted("10.1.0.0/16")))
	b.delete(b.network())
	b.reconcile()
	if n := b.network(); !slices.Equal(n.Finalizers, []string{v1alpha1.FirewallFinalizer}) || b.writes > 0 {
		t.Errorf("it carries %v after %d writes", n.Finalizers, b.writes)
	}
}

// TestAnotherWriterIsNoError: the firewall controller puts its finalizer on at
// the same time.
func TestAnotherWriterIsNoError(t *testing.T) {
	t.Parallel()
	b := newBench(t, aNetwork("10.0.0.0/8"))
	b.conflicts = 2
	for range 2 {
		if again := b.reconcile().RequeueAfter; again != conflictPause {
			t.Errorf("again after %s", again)
		}
	}
	b.reconcile()
	b.expect(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
}

func TestANetworkOfAnotherCloudIsNeitherHeldNorLetGo(t *testing.T) {
	t.Parallel()
	b := newBench(t, aNetwork("10.0.0.0/8"))
	b.cannotOpen = &cloud.Error{Reason: cloud.WrongCloud, Act: "open the VPC"}
	b.reconcile()
	b.expect(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWrongCloud, "open the VPC")
	n := b.network()
	if len(n.Finalizers) > 0 {
		t.Errorf("it carries %v", n.Finalizers)
	}
	controllerutil.AddFinalizer(n, v1alpha1.Finalizer) // its own cloud's manager does
	if err := b.api.Update(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	b.delete(n)
	if b.reconcile(); b.network() == nil {
		t.Error("another cloud's Network was let go")
	}
}

func TestGrantedRangesOutsideTheSupernetsAreNamed(t *testing.T) {
	t.Parallel()
	adopted := granted("172.16.0.0/20")
	adopted.Adopted = true
	b := newBench(t, aNetwork("10.0.0.0/12", "10.64.0.0/12"),
		aRequest("pods", "default", granted("10.1.0.0/16"), granted("10.64.0.0/16")),
		aRequest("more", "default", granted("10.65.0.0/16")),
		aRequest("adopts", "default", adopted),
		aRequest("dual", "default", granted("fd20::/64")),
		aRequest("elsewhere", "another", granted("10.66.0.0/16")))
	b.reconcile()
	b.expect(v1alpha1.ConditionSupernetInUse, metav1.ConditionFalse, v1alpha1.ReasonInsideSupernets, "")
	n := b.network()
	n.Spec.Supernets = n.Spec.Supernets[:1]
	if err := b.api.Update(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	b.expect(v1alpha1.ConditionSupernetInUse, metav1.ConditionTrue, v1alpha1.ReasonOutsideSupernets,
		"2 granted ranges are outside the supernets (10.65.0.0/16 of RangeRequest more, 10.64.0.0/16 of RangeRequest pods)")
	b.expect(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	b.reconcile()
	if len(b.recorder.Events) > 0 {
		t.Errorf("it was said twice: %s", <-b.recorder.Events)
	}
}
