package ranges

import (
	"context"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// TestABlockReservedOverARangeIsSaid: by a condition that goes again, and an
// Event; the range stays.
func TestABlockReservedOverARangeIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.reconcile("pods")
	had := w.get("pods").Status.Ranges
	reserve := func(blocks ...v1alpha1.ReservedBlock) {
		n := &v1alpha1.Network{}
		if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
			t.Fatal(err)
		}
		n.Spec.Reserved = blocks
		if err := w.api.Update(context.Background(), n); err != nil {
			t.Fatal(err)
		}
		w.reconcile("pods")
	}
	if meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReservedInUse) != nil {
		t.Error("a condition before anything was reserved")
	}
	reserve(v1alpha1.ReservedBlock{CIDR: "10.0.0.0/20", Reason: "the office"})
	got := w.get("pods")
	c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionReservedInUse)
	if c == nil || c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonReserved || !strings.Contains(c.Message, "10.0.0.0/20 (the office) in Network default") {
		t.Errorf("the condition is %v", c)
	}
	if len(had) != 1 || !slices.Equal(got.Status.Ranges, had) {
		t.Errorf("had %v, has %v", had, got.Status.Ranges)
	}
	w.event(v1alpha1.ReasonReserved)
	reserve()
	if meta.IsStatusConditionTrue(w.get("pods").Status.Conditions, v1alpha1.ConditionReservedInUse) {
		t.Error("it is True with nothing reserved")
	}
}
