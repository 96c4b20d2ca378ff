package ranges

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// sweep moves the time on and sweeps the Network.
func (w *world) sweep(after time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(after)
	if _, err := w.c.Reconcile(context.Background(), sweepOf("default")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) orphaned() *metav1.Condition {
	w.t.Helper()
	n := &v1alpha1.Network{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
		w.t.Fatal(err)
	}
	return meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionOrphaned)
}

// departed has a request come and go; a range of it comes later.
func departed(t *testing.T, change func(*v1alpha1.RangeRequest)) *world {
	r := request("pods", 24)
	if change != nil {
		change(r)
	}
	w := newWorld(t, r)
	w.reconcile("pods")
	w.delete("pods")
	w.reconcile("pods")
	if !w.gone("pods") {
		t.Fatal("it is there")
	}
	w.ranges = there("10.0.0.0/24", "a")
	return w
}

func TestWhatComesAfterItsRequestIsGoneIsRemoved(t *testing.T) {
	t.Parallel()
	w := departed(t, nil)
	w.sweep(0)
	w.sweep(time.Minute)
	if len(w.ranges) != 1 {
		t.Fatal("it was removed while the request of whoever made it may be about to show")
	}
	w.restart() // what a manager saw another does not know
	w.sweep(2 * time.Minute)
	w.sweep(time.Minute)
	if len(w.ranges) != 1 {
		t.Fatal("it was removed at the first look but one")
	}
	w.sweep(time.Minute)
	if len(w.ranges) > 0 {
		t.Errorf("left are %v", w.ranges)
	}
	w.event("OrphanRemoved")
	if c := w.orphaned(); c != nil {
		t.Errorf("Orphaned is %+v", c)
	}
}

// TestASubnetThatComesLateIsRemoved: one for new nodes of a request that is gone,
// once nothing is in it; one of another request stays.
func TestASubnetThatComesLateIsRemoved(t *testing.T) {
	t.Parallel()
	w := departed(t, nil)
	w.ranges = nil
	made := func(id, request, cidr string) cloud.Subnet {
		name := cloud.Owner{ClusterID: clusterID, Kind: carve.OwnerKind, Name: request}.RoleName("subnet0")
		return cloud.Subnet{Name: id, Made: name, Zone: "z", Primary: netip.MustParsePrefix(cidr)}
	}
	late, others := made("subnet-1", "pods", "10.0.16.0/20"), made("subnet-2", "others", "10.0.32.0/20")
	w.made = []cloud.Subnet{late, others}
	w.sweep(0)
	w.fail = []error{&cloud.Error{Reason: cloud.Conflict, Act: "remove subnet", Resource: "subnet-1"}}
	w.sweep(3 * time.Minute)
	if c := w.orphaned(); len(w.made) != 2 || c == nil || c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonInUse {
		t.Errorf("with machines in it: %v are there, and Orphaned is %+v", w.made, c)
	}
	w.sweep(3 * time.Minute)
	if len(w.made) != 1 || w.made[0].Name != others.Name {
		t.Errorf("left are %v", w.made)
	}
	w.event("OrphanRemoved")
}

// TestWhatIsNotSwept: what was retained, adopted or made by others, and what is
// in use, stays for good (I4).
func TestWhatIsNotSwept(t *testing.T) {
	t.Parallel()
	retain := func(r *v1alpha1.RangeRequest) { r.Spec.DeletionPolicy = v1alpha1.Retain }
	for name, x := range map[string]struct {
		request func(*v1alpha1.RangeRequest)
		but     func(*world)
		why     string // the reason that is shown
	}{
		"what was retained": {request: retain},
		"what was retained after a request of that name went with its own": {but: func(w *world) {
			w.ranges = nil
			r := request("pods", 24)
			retain(r)
			w.create(r)
			w.reconcile("pods")
			w.delete("pods")
			w.reconcile("pods")
		}},
		"a range of a request that never was": {but: func(w *world) {
			w.ranges = []cloud.Range{{Subnet: "a", Prefix: netip.MustParsePrefix("10.0.0.0/24"),
				Name: cloud.Owner{ClusterID: clusterID, Kind: carve.OwnerKind, Name: "other"}.ObjectName(0)}}
		}},
		"another cluster's": {but: func(w *world) {
			w.ranges[0].Name = cloud.Owner{ClusterID: "other", Kind: carve.OwnerKind, Name: "pods"}.ObjectName(0)
		}},
		"one by hand":            {but: func(w *world) { w.ranges[0].Name = "pods" }},
		"one whose request came": {but: func(w *world) { w.create(request("pods", 24)) }},
		"who leads no longer": {but: func(w *world) {
			w.c.StillLeads = func(context.Context) error { return context.Canceled }
		}},
		"one that a Node has a piece of": {why: "InUse", but: func(w *world) { w.create(node("n9", "10.0.0.0/25", "")) }},
		"one that an instance carries a piece of": {why: "InUse", but: func(w *world) {
			w.carried = []cloud.Interface{{Instance: "i9", Attachments: []cloud.Attachment{{Prefix: netip.MustParsePrefix("10.0.0.0/25")}}}}
		}},
		"one that the cloud says is in use": {why: "InUse", but: func(w *world) {
			w.fail = slices.Repeat([]error{failed(cloud.Conflict)}, 9)
		}},
		"one that may not be removed": {why: "PermissionDenied", but: func(w *world) {
			w.fail = slices.Repeat([]error{failed(cloud.PermissionDenied)}, 9)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := departed(t, x.request)
			if x.but != nil {
				x.but(w)
			}
			for range 6 {
				w.sweep(time.Minute)
			}
			if len(w.ranges) != 1 {
				t.Errorf("left are %v", w.ranges)
			}
			c := w.orphaned()
			if x.why == "" && c != nil || x.why != "" && (c == nil || c.Reason != x.why || c.Status != metav1.ConditionTrue) {
				t.Errorf("Orphaned is %+v, want %q", c, x.why)
			}
			if x.why != "" {
				w.event(x.why)
			}
		})
	}
}

func (w *world) create(o client.Object) {
	w.t.Helper()
	if err := w.api.Create(context.Background(), o); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatIsFreeAgainIsSwept(t *testing.T) {
	t.Parallel()
	w := departed(t, nil)
	w.carried = []cloud.Interface{{Instance: "i9", Attachments: []cloud.Attachment{{Prefix: netip.MustParsePrefix("10.0.0.0/25")}}}}
	for range 3 {
		w.sweep(time.Minute)
	}
	w.carried = nil
	w.sweep(time.Minute)
	w.sweep(time.Minute)
	if c := w.orphaned(); len(w.ranges) > 0 || c == nil || c.Status != metav1.ConditionFalse {
		t.Errorf("left are %v; Orphaned is %+v", w.ranges, c)
	}
}

// TestASweepBringsWhatDiffers: one reading of the VPC tells which requests do
// not have what they were granted, or more.
func TestASweepBringsWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world){
		"a range that was taken out":        func(w *world) { w.ranges = nil },
		"a range that the status lacks":     func(w *world) { w.ranges = append(w.ranges, there("10.0.7.0/24", "a")[0]); w.ranges[1].Name = own(1) },
		"a range that is another's by name": func(w *world) { w.ranges[0].Name = "x" },
		"nothing":                           nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, growingRequest("pods", 24))
			w.reconcile("pods")
			w.sweep(time.Minute)
			if change != nil {
				change(w)
			}
			w.sweep(time.Minute)
			if due := w.c.due(w.get("pods"), carve.Use{}); due != (change != nil) {
				t.Errorf("it is looked at: %t", due)
			}
		})
	}
}

func TestOnlyTheLastThatDepartedAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := &v1alpha1.Network{}
	for i := range mostDeparted + 3 {
		if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			if no := w.c.depart(context.Background(), request(string(rune('a'+i%26))+string(rune('a'+i/26)), 24), n); no != nil {
				t.Fatal(no)
			}
			if err := w.api.Get(context.Background(), client.ObjectKey{Name: "default"}, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := departedFrom(n); len(got) != mostDeparted || got[0] != "da" {
		t.Errorf("%d names: %v", len(got), got)
	}
	n.Annotations[departedAnnotation] = "{"
	if got := departedFrom(n); len(got) > 0 {
		t.Errorf("a broken annotation names %v", got)
	}
}

func TestServiceCIDRsAreSweptByWhoLeads(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	w.c.StillLeads = func(context.Context) error { return context.Canceled }
	w.sweep(time.Minute)
	if s.swept > 0 {
		t.Error("somebody else leads")
	}
	w.c.StillLeads = nil
	s.sweep = &conditions.Refusal{Reason: v1alpha1.ReasonInUse, Text: "Services hold addresses"}
	w.sweep(time.Minute)
	if c := w.orphaned(); s.swept != 1 || c == nil || c.Reason != v1alpha1.ReasonInUse {
		t.Errorf("swept %d times; Orphaned is %+v", s.swept, c)
	}
}
