package ranges

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// TestAMassRemovalIsHeld: the requests vanished together, and their ranges are
// there. Nothing goes, also for a manager that knows nothing of it, until
// a person says so; then all goes, and the word is taken back.
func TestAMassRemovalIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names string
	for i := range 6 {
		name := fmt.Sprintf("r%d", i)
		names += fmt.Sprintf(",%q", name)
		owner := cloud.Owner{ClusterID: clusterID, Kind: carve.OwnerKind, Name: name}
		w.ranges = append(w.ranges, cloud.Range{Subnet: "a", Name: owner.ObjectName(0), Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)})
	}
	network := func(change func(map[string]string)) *v1alpha1.Network {
		n := &v1alpha1.Network{}
		if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			if n.Annotations == nil {
				n.Annotations = map[string]string{}
			}
			change(n.Annotations)
			if err := w.api.Update(context.Background(), n); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	network(func(a map[string]string) { a[departedAnnotation] = "[" + names[1:] + "]" })
	for range 6 {
		w.sweep(time.Minute)
	}
	w.restart()
	for range 6 {
		w.sweep(time.Minute)
	}
	c := meta.FindStatusCondition(network(nil).Status.Conditions, v1alpha1.ConditionRangeRemovalHeld)
	if len(w.ranges) != 6 || c == nil || c.Reason != v1alpha1.ReasonMassRemoval {
		t.Fatalf("left are %d; the condition is %+v", len(w.ranges), c)
	}
	w.event(v1alpha1.ReasonMassRemoval)
	network(func(a map[string]string) { a[brake.Annotation(carve.OwnerKind)] = "6" })
	for range 4 {
		w.sweep(time.Minute)
	}
	n := network(nil)
	if len(w.ranges) > 0 || meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionRangeRemovalHeld) || brake.Confirmed(carve.OwnerKind, n.Annotations) != 0 {
		t.Errorf("left are %v; the Network has %v and %+v", w.ranges, n.Annotations, n.Status.Conditions)
	}
}

// TestAnyNetworkOfTheVPCConfirms: what one Network holds goes by the word on
// another, which stays there until it has had its effect.
func TestAnyNetworkOfTheVPCConfirms(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	twin := &v1alpha1.Network{}
	twin.Name = "twin"
	twin.Annotations = map[string]string{brake.Annotation(carve.OwnerKind): "6"}
	w := newWorld(t, twin)
	var orphans []carve.Orphan
	for i := range 6 {
		orphans = append(orphans, carve.Orphan{Request: fmt.Sprintf("r%d", i)})
	}
	held := func(name string, orphans []carve.Orphan) bool {
		n := &v1alpha1.Network{}
		if err := w.api.Get(ctx, client.ObjectKey{Name: name}, n); err != nil {
			t.Fatal(err)
		}
		held, err := w.c.held(ctx, n, cloud.Snapshot{}, orphans, nil)
		if err != nil {
			t.Fatal(err)
		}
		return held
	}
	word := func() int {
		if err := w.api.Get(ctx, client.ObjectKey{Name: "twin"}, twin); err != nil {
			t.Fatal(err)
		}
		return brake.Confirmed(carve.OwnerKind, twin.Annotations)
	}
	if held("default", orphans) {
		t.Error("it is held, though a person confirmed it on the other Network")
	}
	if !held("default", append(orphans, carve.Orphan{Request: "more"})) {
		t.Error("one more than was confirmed is not held")
	}
	if held("twin", nil); word() != 6 {
		t.Error("the word is taken back while the other Network still needs it")
	}
	held("default", nil)
	if held("twin", nil); word() != 0 {
		t.Error("the word stays when it has had its effect")
	}
}
