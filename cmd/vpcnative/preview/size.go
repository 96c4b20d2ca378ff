package preview

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// NodeSize is the size of the node CIDRs of the request.
type NodeSize struct {
	PrefixLength int `json:"prefixLength"`
	// MaxPods is the max pods that it is made for; 0 where it is fixed and
	// nothing says for how many.
	MaxPods int64  `json:"maxPods,omitempty"`
	Why     string `json:"why"`
}

// kubeletMaxPods is the kubelet's own default.
const kubeletMaxPods = 110

// nodeSize is what most nodes of the request draw, by what it says itself, by
// the nodes that would choose it, or by the kubelet's default.
func nodeSize(r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest, nodes []corev1.Node, t cloud.Traits) *NodeSize {
	if r.Spec.Purpose != v1alpha1.Pods {
		return nil
	}
	pods, of := int64(kubeletMaxPods), "the kubelet's default, since no node reports its own"
	if c := r.Spec.Capacity; c != nil {
		pods, of = int64(c.PodsPerNode), "capacity.podsPerNode"
	} else if seen, count := mostMaxPods(r, all, nodes); seen > 0 {
		pods, of = seen, fmt.Sprintf("the max pods of %d nodes that select this request", count)
	}
	size, ok := assign.NodeSize(r, pods, assign.Bounds{PerPod: t.PerPod(), Smallest: t.Smallest})
	if !ok {
		return nil
	}
	return &NodeSize{PrefixLength: size.Bits, MaxPods: pods, Why: fmt.Sprintf("%s; %d pods are %s", size.Why, pods, of)}
}

// mostMaxPods is the most frequent max pods among the nodes that may draw
// from the request, the larger among equals.
func mostMaxPods(r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest, nodes []corev1.Node) (pods int64, count int) {
	seen := map[int64]int{}
	for i := range nodes {
		candidates := assign.Candidates(all, assign.LabelsOf(&nodes[i]))
		if slices.ContainsFunc(candidates, func(c *v1alpha1.RangeRequest) bool { return c.Name == r.Name }) {
			seen[nodes[i].Status.Capacity.Pods().Value()]++
		}
	}
	delete(seen, 0)
	if len(seen) == 0 {
		return 0, 0
	}
	pods = slices.MaxFunc(slices.Collect(maps.Keys(seen)), func(a, b int64) int {
		return cmp.Or(cmp.Compare(seen[a], seen[b]), cmp.Compare(a, b))
	})
	return pods, seen[pods]
}
