package ranges

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// refusing has the API server refuse what calls say.
func (w *world) refusing(calls interceptor.Funcs) {
	api := interceptor.NewClient(w.api.(client.WithWatch), calls)
	w.c.Client, w.c.Live = api, api
}

// Whoever cannot note a range makes none, and says nothing of a conflict: the
// request is looked at again as it is by then.
func TestWhatCannotBeClaimedIsNotMade(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.refusing(interceptor.Funcs{SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
		return apierrors.NewConflict(schema.GroupResource{}, "pods", nil)
	}})
	said := len(w.events.Events)
	if again := w.reconcile("pods"); again.RequeueAfter != conflictPause {
		t.Errorf("again in %s", again.RequeueAfter)
	}
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	if len(w.events.Events) != said {
		t.Errorf("it says %s", <-w.events.Events)
	}
	w.c.Client, w.c.Live = w.api, w.api
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
}

func (w *world) gone(name string) bool {
	return apierrors.IsNotFound(w.api.Get(context.Background(), client.ObjectKey{Name: name}, &v1alpha1.RangeRequest{}))
}

func (w *world) delete(name string) {
	w.t.Helper()
	if err := w.api.Delete(context.Background(), w.get(name)); err != nil {
		w.t.Fatal(err)
	}
}

func TestADeletedRequestWaitsForAChangeThatMayStillCome(t *testing.T) {
	t.Parallel()
	for name, comes := range map[string]bool{"it comes": true, "it never does": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, request("pods", 24))
			w.fail = []error{failed(cloud.OutcomeUnknown)}
			w.reconcile("pods")
			w.delete("pods")
			w.reconcile("pods")
			w.want("pods", "Pending", 0, "10.0.0.0/24 claimed")
			if c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(c.Message, "12:02:00") {
				t.Errorf("it says %q", c.Message)
			}
			was := "10.0.0.0/24 claimed"
			if comes {
				w.ranges, was = there("10.0.0.0/24", "a"), "10.0.0.0/24"
			}
			w.now = w.now.Add(2*time.Minute - time.Second)
			w.reconcile("pods")
			w.want("pods", "Pending", 0, was)
			w.now = w.now.Add(time.Second)
			w.reconcile("pods")
			if !w.gone("pods") || len(w.ranges) > 0 {
				t.Errorf("it is gone: %t; left are %v", w.gone("pods"), w.ranges)
			}
		})
	}
}

// The doubt ends with a look at the VPC after it, and costs none then.
func TestADoubtEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.fail = []error{failed(cloud.OutcomeUnknown)}
	w.reconcile("pods")
	if again := w.reconcile("pods"); again.RequeueAfter > 2*time.Minute {
		t.Errorf("again in %s", again.RequeueAfter)
	}
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	w.now = w.now.Add(2 * time.Minute)
	w.reconcile("pods")
	if u := (carve.Use{}); w.c.due(w.get("pods"), u) {
		t.Error("the VPC is looked at again")
	}
}

func TestARightThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.refusing(interceptor.Funcs{Patch: func(_ context.Context, _ client.WithWatch, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
		return apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "rangerequests"}, o.GetName(),
			errors.New(`User "manager" cannot patch resource "rangerequests"`))
	}})
	w.reconcile("pods")
	w.want("pods", "PermissionDenied", 0)
	w.event("PermissionDenied")
	for _, text := range []string{`cannot patch resource "rangerequests"`, "rbac.yaml"} {
		if c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(c.Message, text) {
			t.Errorf("%q does not say %q", c.Message, text)
		}
	}
}

func TestWhatCannotBeGivenBackIsSaid(t *testing.T) {
	t.Parallel()
	w := emptied(t)
	w.reconcile("pods")
	w.left("")
	if got := w.reason("pods", v1alpha1.ConditionReclaimFailed); got != "" {
		t.Errorf("ReclaimFailed is %s", got)
	}
	for range 3 {
		w.fail = []error{failed(cloud.PermissionDenied)}
		w.reconcile("pods")
	}
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24 leaves")
	c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReclaimFailed)
	if c == nil || c.Status != metav1.ConditionTrue || c.Reason != "PermissionDenied" {
		t.Errorf("ReclaimFailed is %+v", c)
	}
	said := 0
	for len(w.events.Events) > 0 {
		if strings.Contains(<-w.events.Events, "PermissionDenied") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("it is said %d times", said)
	}
	w.fail = nil
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	if c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReclaimFailed); c.Status != metav1.ConditionFalse {
		t.Errorf("ReclaimFailed is %+v", c)
	}
}

func TestARivalledRequestDoesNotGrow(t *testing.T) {
	t.Parallel()
	w := filled(t)
	r := w.get("pods")
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionAllocatorConflict, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonForeignPodCIDR})
	if err := w.api.Status().Update(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	if got := w.reason("pods", v1alpha1.ConditionGrowthLimited); got != v1alpha1.ReasonForeignPodCIDR {
		t.Errorf("GrowthLimited is %s", got)
	}
	r = w.get("pods")
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionAllocatorConflict, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNoRival})
	if err := w.api.Status().Update(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/24", "10.0.1.0/24")
}
