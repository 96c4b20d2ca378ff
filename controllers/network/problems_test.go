package network

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestWhatIsNotSeenIsSaidOnce: the Network is Ready all the same, and its
// condition comes and goes with what cannot be read.
func TestWhatIsNotSeenIsSaidOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, aNetwork("10.0.0.0/16"))
	b.reconcile()
	if c := meta.FindStatusCondition(b.network().Status.Conditions, v1alpha1.ConditionRoutesUnseen); c != nil {
		t.Errorf("there is %+v, and nothing was hidden", c)
	}
	b.snapshot.Unseen = []cloud.Unseen{{What: "the routes", Err: &cloud.Error{Reason: cloud.PermissionDenied, Act: "list them", Err: errors.New("no"), Remedy: "grant it"}}}
	b.reconcile()
	b.expect(v1alpha1.ConditionRoutesUnseen, metav1.ConditionTrue, "PermissionDenied", "the routes cannot be read (list them: no; grant it)")
	b.expect(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	b.reconcile()
	b.reconcile()
	if n := len(b.recorder.Events); n > 0 {
		t.Errorf("%d more Events tell the same", n)
	}
	if n := testutil.ToFloat64(b.controller.Metrics.unseen.WithLabelValues("default")); n != 1 {
		t.Errorf("the metric says %v", n)
	}
	b.snapshot.Unseen = nil
	b.snapshot.Around = []cloud.Occupied{{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Kind: cloud.DynamicRoute, Name: "r/hub/peer"}}
	b.reconcile()
	b.expect(v1alpha1.ConditionRoutesUnseen, metav1.ConditionFalse, v1alpha1.ReasonNone, "")
	if c := meta.FindStatusCondition(b.network().Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(c.Message, "10.0.0.0/8, learned by r/hub/peer") {
		t.Errorf("it says %s", c.Message)
	}
}

// TestANetworkThatIsGoneIsForgotten, however it went.
func TestANetworkThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t, aNetwork("10.0.0.0/16"))
	var told []string
	b.controller.Forget = func(name string) { told = append(told, name) }
	b.reconcile()
	if len(told) > 0 {
		t.Error("it is forgotten while it is there")
	}
	n := b.network()
	n.Finalizers = nil
	if err := b.api.Update(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	b.delete(n)
	b.reconcile()
	if len(told) != 1 || told[0] != "default" {
		t.Errorf("forgotten are %v", told)
	}
}
