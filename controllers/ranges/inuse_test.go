package ranges

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
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

// TestADeletionDoesNotWaitForWhoeverHasThePlaceNow: a manager ended after it had
// removed a range and before it let the request go, and another cluster, whose
// machines use it, has one there by now. What our own Nodes hold there is waited
// for all the same.
func TestADeletionDoesNotWaitForWhoeverHasThePlaceNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.reconcile("pods")
	r := w.get("pods")
	at := netip.MustParsePrefix(r.Status.Ranges[0].CIDR)
	if err := w.api.Delete(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	w.carried = []cloud.Interface{{Instance: "theirs", Attachments: []cloud.Attachment{{Prefix: netip.PrefixFrom(at.Addr(), 26)}}}}
	w.reconcile("pods")
	if w.get("pods"); len(w.ranges) != 1 {
		t.Fatal("what an instance carries of our range does not keep it")
	}
	w.ranges = []cloud.Range{{Subnet: w.subnets[0], Name: cloud.Owner{ClusterID: "another", Kind: carve.OwnerKind, Name: "pods"}.ObjectName(0), Prefix: at}}
	held := true
	w.pool = func(netip.Prefix) Pool { return Pool{Known: true, Held: "a holds it", ByNode: held} }
	w.reconcile("pods")
	w.get("pods") // a Node of ours holds a part of it
	held = false
	w.reconcile("pods")
	if err := w.api.Get(context.Background(), client.ObjectKeyFromObject(r), r); !apierrors.IsNotFound(err) {
		t.Errorf("it waits for another cluster: %v, %+v", err, r.Status.Conditions)
	}
	if len(w.ranges) != 1 {
		t.Error("another cluster's range was removed")
	}
}
