package node

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestSlimKeepsTheCapacityOfPods(t *testing.T) {
	for _, text := range []string{"110", "32", "1k", "0"} {
		n := &corev1.Node{}
		n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(text), corev1.ResourceCPU: resource.MustParse("8")}
		var slims [2]*corev1.Node
		for i := range slims {
			got, err := Slim(n)
			if err != nil {
				t.Fatal(err)
			}
			slims[i] = got.(*corev1.Node)
			if got := slims[i].Status.Capacity; got.Pods().Cmp(resource.MustParse(text)) != 0 || len(got) != 1 {
				t.Errorf("%s pods became %v", text, got)
			}
		}
		// What a reader is given may be changed; the next one is not to see it.
		read := slims[0].DeepCopy()
		read.Status.Capacity[corev1.ResourcePods] = resource.MustParse("7")
		if got := slims[1].Status.Capacity; got.Pods().Cmp(resource.MustParse(text)) != 0 {
			t.Errorf("a reader's change reached another Node: %v", got)
		}
	}
}

func BenchmarkSlim(b *testing.B) {
	n := &corev1.Node{}
	n.Name, n.UID = "node-1", "0b7d6a30-0d5c-4bb6-9f9c-3a1f0f6d8f5e"
	n.Labels = map[string]string{"kubernetes.io/os": "linux", "kubernetes.io/hostname": "node-1"}
	n.Spec.PodCIDR, n.Spec.PodCIDRs = "10.0.0.0/24", []string{"10.0.0.0/24"}
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Slim(n); err != nil {
			b.Fatal(err)
		}
	}
}
