package assign

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

func request(name string, age time.Duration, selector map[string]string) v1alpha1.RangeRequest {
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{
		Name:              name,
		CreationTimestamp: metav1.NewTime(time.Unix(1_000_000, 0).Add(-age)),
	}}
	r.Spec.Purpose = v1alpha1.Pods
	if selector != nil {
		r.Spec.NodeSelector = labelled(selector)
	}
	return r
}

func labelled(labels map[string]string) *v1alpha1.LabelSelector {
	out := &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{}}
	for k, v := range labels {
		out.MatchLabels[k] = v1alpha1.LabelValue(v)
	}
	return out
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	going := request("going", 9*time.Hour, nil)
	going.DeletionTimestamp = ptr.To(metav1.Now())
	services := request("services", 9*time.Hour, nil)
	services.Spec.Purpose = v1alpha1.Services
	broken := request("broken", 9*time.Hour, nil)
	broken.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "x", Operator: "Near"}}}

	requests := []v1alpha1.RangeRequest{
		request("young", time.Hour, nil),
		request("old", 3*time.Hour, nil),
		request("gpu-b", 2*time.Hour, map[string]string{"gpu": "yes"}),
		request("gpu-a", 2*time.Hour, map[string]string{"gpu": "yes"}),
		request("gpu-arm", time.Hour, map[string]string{"gpu": "yes", "arch": "arm"}),
		going, services, broken,
	}
	for name, tc := range map[string]struct {
		labels map[string]string
		want   []string
	}{
		"no selector picks every node, the oldest first":         {nil, []string{"old", "young"}},
		"more terms come before fewer, equals by age then name":  {map[string]string{"gpu": "yes"}, []string{"gpu-a", "gpu-b"}},
		"the most terms win alone, nothing spills over":          {map[string]string{"gpu": "yes", "arch": "arm"}, []string{"gpu-arm"}},
		"a label that no selector names leaves the general ones": {map[string]string{"disk": "ssd"}, []string{"old", "young"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range Candidates(requests, labels.Set(tc.labels)) {
				got = append(got, r.Name)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestNodeSize(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fixed *intstr.IntOrString
		least *int32
		pods  int64
		b     Bounds
		want  Size
	}{
		"8 pods get a /28":                          {pods: 8, want: Size{Bits: 28}},
		"9 pods get a /27":                          {pods: 9, want: Size{Bits: 27}},
		"110 pods get a /24":                        {pods: 110, want: Size{Bits: 24}},
		"128 pods get a /24":                        {pods: 128, want: Size{Bits: 24}},
		"129 pods get a /23":                        {pods: 129, want: Size{Bits: 23}},
		"256 pods get a /23":                        {pods: 256, want: Size{Bits: 23}},
		"once is enough where slots are few":        {pods: 110, b: Bounds{PerPod: 1}, want: Size{Bits: 25}},
		"a fixed size stands":                       {fixed: ptr.To(intstr.FromInt32(26)), pods: 30, want: Size{Bits: 26}},
		"a fixed size may be too small":             {fixed: ptr.To(intstr.FromInt32(28)), pods: 30, want: Size{Bits: 28, Undersized: true}},
		"the bound keeps a node small":              {least: ptr.To[int32](24), pods: 250, want: Size{Bits: 24}},
		"the bound may make a node too small":       {least: ptr.To[int32](24), pods: 300, want: Size{Bits: 24, Undersized: true}},
		"Auto says the same as nothing at all":      {fixed: ptr.To(intstr.FromString("Auto")), pods: 110, want: Size{Bits: 24}},
		"one pod still gets two addresses, a /31":   {pods: 1, want: Size{Bits: 31}},
		"a node gets no less than a piece":          {pods: 4, b: Bounds{PerPod: 1, Smallest: 28}, want: Size{Bits: 28}},
		"a machine takes no more than it takes":     {pods: 110, b: Bounds{PerPod: 1, Smallest: 28, Largest: 26}, want: Size{Bits: 26, Limited: true, Undersized: true}},
		"a machine that takes more changes nothing": {pods: 110, b: Bounds{PerPod: 1, Largest: 25}, want: Size{Bits: 25}},
		"a fixed size is bounded by the machine":    {fixed: ptr.To(intstr.FromInt32(24)), pods: 110, b: Bounds{PerPod: 1, Largest: 25}, want: Size{Bits: 25, Limited: true}},
		"a fixed size needs no max pods to be set":  {fixed: ptr.To(intstr.FromInt32(24)), want: Size{Bits: 24}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &v1alpha1.RangeRequest{}
			r.Spec.NodePrefixLength, r.Spec.MinNodePrefixLength = tc.fixed, tc.least
			if tc.b.PerPod == 0 {
				tc.b.PerPod = 2
			}
			got, ok := NodeSize(r, tc.pods, tc.b)
			got.Why = ""
			if !ok || got != tc.want {
				t.Errorf("got %+v %v, want %+v", got, ok, tc.want)
			}
		})
	}
	if _, ok := NodeSize(&v1alpha1.RangeRequest{}, 0, Bounds{PerPod: 2}); ok {
		t.Error("a node without max pods got a size")
	}
}
