package node

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

func TestSooner(t *testing.T) {
	t.Parallel()
	in := func(s int) reconcile.Result { return reconcile.Result{RequeueAfter: time.Duration(s) * time.Second} }
	for _, c := range [][3]int{{0, 0, 0}, {0, 5, 5}, {5, 0, 5}, {5, 3, 3}, {3, 5, 3}} {
		if got := sooner(in(c[0]), in(c[1])); got != in(c[2]) {
			t.Errorf("%d and %d: %v, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	r.Spec.Purpose = v1alpha1.Pods
	r.Status.Ranges = []v1alpha1.GrantedRange{
		{CIDR: "10.2.0.0/16", Subnet: "b", Name: "1"}, {CIDR: "10.1.0.0/16", Subnet: "a", Name: "0"},
		{CIDR: "10.3.0.0/16", Subnet: "b", Name: "2"}, {CIDR: "broken", Subnet: "b", Name: "3"},
	}
	services := *r.DeepCopy()
	services.Spec.Purpose = v1alpha1.Services
	want := []allocator.Definition{
		{Key: allocator.Key{Request: "pods", Subnet: "a"}, Ranges: []allocator.Range{{Name: "0", Prefix: netip.MustParsePrefix("10.1.0.0/16")}}},
		{Key: allocator.Key{Request: "pods", Subnet: "b"}, Ranges: []allocator.Range{
			{Name: "1", Prefix: netip.MustParsePrefix("10.2.0.0/16")}, {Name: "2", Prefix: netip.MustParsePrefix("10.3.0.0/16")}}},
	}
	got := definitionsOf([]v1alpha1.RangeRequest{services, r})
	if !reflect.DeepEqual(got, want) || !sameDefinitions(got, want) || sameDefinitions(got, want[1:]) {
		t.Errorf("got %v", got)
	}
}

func TestSlimKeepsWhatIsRead(t *testing.T) {
	t.Parallel()
	now := metav1.Now()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", UID: "u", ResourceVersion: "7", CreationTimestamp: now,
		DeletionTimestamp: &now, Labels: map[string]string{"k": "v"}, Annotations: map[string]string{"big": "x"}}}
	n.Spec = corev1.NodeSpec{ProviderID: "p", PodCIDR: "10.0.0.0/24", PodCIDRs: []string{"10.0.0.0/24"}, Unschedulable: true}
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110"), corev1.ResourceCPU: resource.MustParse("4")}
	network := corev1.NodeCondition{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: "r", Message: "m"}
	foreign := corev1.NodeCondition{Type: nodestatus.ConditionForeign, Status: corev1.ConditionTrue, Reason: "r2", Message: "m2"}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady}, network, foreign}

	want := &corev1.Node{ObjectMeta: *n.ObjectMeta.DeepCopy()}
	want.Annotations = nil
	want.Spec = corev1.NodeSpec{ProviderID: "p", PodCIDR: "10.0.0.0/24", PodCIDRs: []string{"10.0.0.0/24"}}
	want.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
	want.Status.Conditions = []corev1.NodeCondition{network, foreign}
	got, err := informer.TrimNode(n)
	if err != nil || !equality.Semantic.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := informer.TrimNode(&corev1.Pod{}); err == nil {
		t.Error("a Pod passed for a Node")
	}
}
