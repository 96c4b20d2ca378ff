package ranges

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

func containsWord(s, word string) bool { return slices.Contains(strings.Fields(s), word) }

func TestARaceThatIsLostIsRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.fail = []error{failed(cloud.Stale)}
	if again := w.reconcile("pods"); again.RequeueAfter != carve.RetrySoon {
		t.Errorf("again in %s", again.RequeueAfter)
	}
	w.want("pods", "Stale", 0)
	w.event("Stale")
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
}

// TestRacesLostInARow: the adapter gave up each time. It is said once, counted
// each time, and nothing is left half made.
// TestNothingBeginsInANetworkThatIsNotHeld: what was granted before the
// upgrade that brought the finalizer goes on.
func TestNothingBeginsInANetworkThatIsNotHeld(t *testing.T) {
	t.Parallel()
	old := request("pods", 24)
	old.Finalizers = []string{v1alpha1.Finalizer}
	old.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/24", Subnet: "a", Name: own(0)}}
	young := request("young", 24)
	young.UID = "uid-young"
	w := newWorld(t, old, young)
	w.ranges = there("10.0.0.0/24", "a")
	n := &v1alpha1.Network{}
	for _, finalizers := range [][]string{nil, {v1alpha1.Finalizer}} {
		if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
			t.Fatal(err)
		}
		n.Finalizers = finalizers
		if err := w.api.Update(context.Background(), n); err != nil {
			t.Fatal(err)
		}
		w.reconcile("pods")
		w.reconcile("young")
		if finalizers == nil {
			w.want("pods", "Ready", 1, "10.0.0.0/24")
			w.want("young", "NetworkNotReady", 1)
		}
	}
	w.want("young", "Ready", 2, "10.0.1.0/24")
}

func TestRacesLostInARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, growingRequest("pods", 24))
	for range 10 {
		w.fail = []error{failed(cloud.Stale)}
		if again := w.reconcile("pods"); again.RequeueAfter != carve.RetrySoon {
			t.Errorf("again in %s", again.RequeueAfter)
		}
		w.want("pods", "Stale", 0)
	}
	if n := len(w.events.Events); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	if n := testutil.ToFloat64(w.c.Metrics.failures.WithLabelValues("pods", "Stale")); n != 10 {
		t.Errorf("%v failures are counted", n)
	}
	w.event("Stale")
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	w.nodes = []*corev1.Node{node("n", "10.0.0.0/24", "")} // it is full
	for range 3 {
		w.fail = []error{failed(cloud.Stale)}
		w.reconcile("pods")
		w.want("pods", "Ready", 1, "10.0.0.0/24")
		if got := w.reason("pods", v1alpha1.ConditionGrowthLimited); got != "Stale" {
			t.Errorf("GrowthLimited is %s", got)
		}
		w.now = w.now.Add(carve.RetrySoon)
	}
	w.event("Stale")
	w.fail = nil
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
}

func TestWhatSomebodyElseTookIsCarvedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.fail = []error{failed(cloud.Conflict), failed(cloud.Conflict)}
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.2.0/24") // clear of both blocks that were refused
	if w.calls != 3 {
		t.Errorf("%d calls", w.calls)
	}
}

func TestAnUnknownOutcomeIsFoundByItsMark(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]bool{"by the same manager": false, "by the next": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, request("pods", 24))
			w.fail, w.half = []error{failed(cloud.OutcomeUnknown)}, true
			w.reconcile("pods")
			w.want("pods", "OutcomeUnknown", 1, "10.0.0.0/24 claimed")
			if forget {
				w.restart()
			}
			w.reconcile("pods")
			w.want("pods", "Ready", 1, "10.0.0.0/24")
			if w.calls != 1 {
				t.Errorf("%d calls", w.calls)
			}
		})
	}
}

func TestHalfAGrantIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.subnets = []string{"a", "b", "c"}
	w.fail = []error{nil, failed(cloud.QuotaExceeded)}
	w.reconcile("pods")
	w.want("pods", "QuotaExceeded", 1, "10.0.0.0/24")
	if got := w.get("pods").Status.Capacity; got != "256" {
		t.Errorf("its capacity is %s", got)
	}
	w.reconcile("pods")
	w.want("pods", "Ready", 3, "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")
}

// filled has one range of which two nodes take all, and the next carved.
func filled(t *testing.T) *world {
	w := newWorld(t, growingRequest("pods", 24))
	w.reconcile("pods")
	w.nodes = []*corev1.Node{node("n1", "10.0.0.0/25", ""), node("n2", "10.0.0.128/25", "")}
	return w
}

func TestGrowthWhoseOutcomeIsUnknownIsFoundByItsMark(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.fail, w.half = []error{failed(cloud.OutcomeUnknown)}, true
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24 claimed")
	if got := w.reason("pods", v1alpha1.ConditionGrowthLimited); got != "OutcomeUnknown" {
		t.Errorf("GrowthLimited is %s", got)
	}
	w.now = w.now.Add(carve.RetrySoon)
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
	if g := w.get("pods").Status.Ranges[1]; !g.Grown || w.calls != 2 {
		t.Errorf("%+v after %d calls", g, w.calls)
	}
}

// TestGrowthGoesElsewhereToo: while another cluster's change is under way the
// VPC reads as if the block were free.
func TestGrowthGoesElsewhereToo(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.fail = []error{failed(cloud.Conflict), failed(cloud.Conflict)}
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.4.0/24") // clear of both blocks that were refused
	if got := w.reason("pods", v1alpha1.ConditionGrowthLimited); got != v1alpha1.ReasonRoomLeft {
		t.Errorf("GrowthLimited is %s", got)
	}
}

func TestGrowthThatIsRefusedWaitsUnlessSomethingChanges(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.fail = []error{failed(cloud.QuotaExceeded)}
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	w.event("QuotaExceeded")
	calls := w.calls
	w.reconcile("pods")
	if w.calls != calls {
		t.Error("it asked the cloud again at once")
	}
	if got := w.reason("pods", v1alpha1.ConditionGrowthLimited); got != "QuotaExceeded" {
		t.Errorf("GrowthLimited is %s", got)
	}
	n := &v1alpha1.Network{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
		t.Fatal(err)
	}
	n.Generation++
	if err := w.api.Update(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
	w.event("Grown")
	if got := w.reason("pods", v1alpha1.ConditionGrowthLimited); got != v1alpha1.ReasonRoomLeft {
		t.Errorf("GrowthLimited is %s", got)
	}
}

// emptied has grown to a second range, which is empty for an hour.
func emptied(t *testing.T) *world {
	w := filled(t)
	w.reconcile("pods")
	w.nodes = w.nodes[:1]
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
	if w.get("pods").Status.Ranges[1].EmptySince == nil {
		t.Fatal("it is not noted as empty")
	}
	w.restart() // the hour is not counted anew
	w.now = w.now.Add(time.Hour)
	return w
}

var leaves = netip.MustParsePrefix("10.0.1.0/24")

// left is the node controller once it has read the status.
func (w *world) left(held string) {
	w.pool = func(p netip.Prefix) Pool {
		if p == leaves {
			return Pool{Known: true, Held: held}
		}
		return Pool{Known: true, Given: true}
	}
}

func TestAnEmptyRangeIsGivenBack(t *testing.T) {
	t.Parallel()
	w := emptied(t)
	calls := w.calls
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24 leaves")
	if w.reconcile("pods"); w.calls != calls {
		t.Error("it was removed while the node controller gives out of it")
	}
	w.left("")
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	w.event("Reclaimed")
	if got := w.get("pods").Status.Capacity; got != "256" {
		t.Errorf("its capacity is %s", got)
	}
}

func TestAManagerThatWasKilledGoesOnGivingBack(t *testing.T) {
	t.Parallel()
	w := emptied(t)
	w.reconcile("pods")
	w.left("")
	w.fail, w.half = []error{failed(cloud.OutcomeUnknown)}, true
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24", "10.0.1.0/24 leaves")
	w.restart()
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
}

// TestARangeInUseIsNotGivenBack: each of those that may know of a use keeps
// the range, and it is not removed.
func TestARangeInUseIsNotGivenBack(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*world){
		"the node controller has promised a piece": func(w *world) { w.left("node n9 holds 10.0.1.0/25") },
		"a Node that the cache does not know": func(w *world) {
			if err := w.api.Create(context.Background(), node("n9", "10.0.1.0/25", "")); err != nil {
				w.t.Fatal(err)
			}
		},
		"an instance carries a piece": func(w *world) {
			w.carried = []cloud.Interface{{Instance: "i9", Attachments: []cloud.Attachment{{Prefix: netip.MustParsePrefix("10.0.1.0/25")}}}}
		},
		"an instance carries a piece elsewhere": func(w *world) {
			w.carried = []cloud.Interface{{Instance: "i9", Elsewhere: []netip.Prefix{netip.MustParsePrefix("10.0.1.7/32")}}}
		},
		"the cloud says so": func(w *world) { w.fail = []error{failed(cloud.Conflict)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := emptied(t)
			w.reconcile("pods")
			w.left("")
			use(w)
			w.reconcile("pods")
			w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
			w.event("InUse")
		})
	}
}

func TestWhoLeadsNoLongerGivesNothingBack(t *testing.T) {
	t.Parallel()
	w := emptied(t)
	w.reconcile("pods")
	w.left("")
	w.c.StillLeads = func(context.Context) error { return context.Canceled }
	calls := w.calls
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24 leaves")
	if w.calls != calls {
		t.Error("the cloud was asked")
	}
}

func TestWhoLeadsNoLongerMakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.c.StillLeads = func(context.Context) error { return context.Canceled }
	w.reconcile("pods")
	if w.want("pods", "Pending", 0); w.calls != 0 {
		t.Error("the cloud was asked")
	}
	w.c.StillLeads = nil
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
}

func TestWithoutANodeControllerNothingIsGivenBack(t *testing.T) {
	t.Parallel()
	w := emptied(t)
	w.c.Pools = nil
	w.reconcile("pods")
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24 leaves")
}

// TestTheConditionsOfOthersAreKept: what somebody else wrote while the request
// was reconciled is not overwritten, and nothing is made that cannot be noted.
func TestTheConditionsOfOthersAreKept(t *testing.T) {
	t.Parallel()
	w := filled(t)
	ctx := context.Background()
	nodes, done := w.nodes, false
	w.c.Nodes = func() []*corev1.Node {
		if !done {
			done = true
			r := w.get("pods")
			meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionForeignAlias, Status: metav1.ConditionTrue, Reason: "Test"})
			if err := w.api.Status().Update(ctx, r); err != nil {
				t.Error(err)
			}
		}
		return nodes
	}
	if again := w.reconcile("pods"); again.RequeueAfter != conflictPause {
		t.Errorf("again in %s", again.RequeueAfter)
	}
	w.want("pods", "Ready", 1, "10.0.0.0/24") // it could not be claimed
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
	if got := w.reason("pods", v1alpha1.ConditionForeignAlias); got != "Test" {
		t.Errorf("the other's condition is %q", got)
	}
}

func TestDeletionWaitsForUse(t *testing.T) {
	t.Parallel()
	w := filled(t)
	ctx := context.Background()
	if err := w.api.Delete(ctx, w.get("pods")); err != nil {
		t.Fatal(err)
	}
	w.reconcile("pods")
	w.want("pods", "InUse", 1, "10.0.0.0/24")
	w.event("InUse")
	w.nodes = nil
	w.carried = []cloud.Interface{{Instance: "i9", Attachments: []cloud.Attachment{{Prefix: netip.MustParsePrefix("10.0.0.0/25")}}}}
	w.reconcile("pods")
	w.want("pods", "InUse", 1, "10.0.0.0/24")
	w.carried = nil
	for _, seen := range []Pool{ // the cloud shows it nowhere, and I3 asks for more
		{Known: true, Given: true, Held: "node-9 holds 10.0.0.0/25", ByNode: true},
		{Known: true, Given: true, Held: "10.0.0.0/25 rests until noon", Quarantined: w.now.Add(time.Minute)},
		{Held: "who holds what is still being read", ByNode: true},
	} {
		w.pool = func(netip.Prefix) Pool { return seen }
		if again := w.reconcile("pods"); again.RequeueAfter == 0 {
			t.Errorf("%+v: nobody looks again", seen)
		}
		w.want("pods", "Pending", 1, "10.0.0.0/24")
	}
	w.pool = func(netip.Prefix) Pool { return Pool{Known: true, Given: true} }
	w.reconcile("pods")
	if err := w.api.Get(ctx, client.ObjectKey{Name: "pods"}, &v1alpha1.RangeRequest{}); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("it is there: %v", err)
	}
	if len(w.ranges) > 0 {
		t.Errorf("left are %v", w.ranges)
	}
}
