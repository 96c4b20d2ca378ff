package carve

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

func node(name, cidr, waitsFor string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if cidr != "" {
		n.Spec.PodCIDRs = []string{cidr}
	}
	if waitsFor != "" {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: waitsFor}}
	}
	return n
}

func TestCount(t *testing.T) {
	t.Parallel()
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	r.Spec.Purpose = v1alpha1.Pods
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/24"}, {CIDR: "10.0.1.0/24"}}
	elsewhere := *r.DeepCopy()
	elsewhere.Name, elsewhere.Status.Ranges = "gpu", nil
	elsewhere.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"gpu": "yes"}}
	gpu := node("gpu", "", v1alpha1.ReasonRangeExhausted)
	gpu.Labels = map[string]string{"gpu": "yes"}
	nodes := []*corev1.Node{
		node("b", "10.0.1.0/26", ""), node("a", "10.0.0.0/25", ""), node("out", "10.9.0.0/24", ""), node("broken", "x", ""),
		node("w1", "", v1alpha1.ReasonRangeExhausted), node("w2", "", v1alpha1.ReasonPending), gpu,
		node("w3", "", v1alpha1.ReasonForeignPodCIDR), // waits because of a rival
	}
	u := Count(&r, []v1alpha1.RangeRequest{r, elsewhere}, nodes, cloud.Traits{})
	got := fmt.Sprint(u.Capacity, u.Allocated, u.Nodes, u.Waiting, u.RangeMissing, u.Percent())
	if want := "512 192 [a b] 1 false 38"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for cidr, want := range map[string]bool{"": true, "10.0.1.0/26": true, "10.9.0.0/26": false} {
		u = Count(&r, []v1alpha1.RangeRequest{r}, []*corev1.Node{node("m", cidr, v1alpha1.ReasonRangeMissing)}, cloud.Traits{})
		if u.RangeMissing != want || u.Waiting != 0 {
			t.Errorf("%q: got %+v", cidr, u)
		}
	}
}

// A node's IPv6 comes out of its interface, so it is no part of a range,
// wherever it stands in podCIDRs.
func TestCountLeavesIPv6Out(t *testing.T) {
	t.Parallel()
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/24"}}
	first, second, only := node("a", "10.0.0.0/26", ""), node("b", "fd20::1:0:0/112", ""), node("c", "fd20::2:0:0/112", "")
	first.Spec.PodCIDRs = append(first.Spec.PodCIDRs, "fd20::/112")
	second.Spec.PodCIDRs = append(second.Spec.PodCIDRs, "10.0.0.64/26")
	u := Count(&r, []v1alpha1.RangeRequest{r}, []*corev1.Node{second, first, only}, cloud.Traits{})
	if got, want := fmt.Sprint(u.Capacity, u.Allocated, u.Nodes, u.Percent()), "256 128 [a b] 50"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPercentIsZeroOnlyForNothing(t *testing.T) {
	t.Parallel()
	r := v1alpha1.RangeRequest{}
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/8"}}
	for cidr, want := range map[string]int32{"": 0, "10.0.0.0/32": 1, "10.0.0.0/9": 50, "10.0.0.0/8": 100} {
		if got := Count(&r, nil, []*corev1.Node{node("n", cidr, "")}, cloud.Traits{}).Percent(); got != want {
			t.Errorf("%q: %d, want %d", cidr, got, want)
		}
	}
	if got := (Use{}).Percent(); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}
