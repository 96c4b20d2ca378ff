package node

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// roomless remembers the Nodes that were looked at and for which there was no
// room, or no range in their subnet, so that they wait without a further look
// at their instances. Nothing of that changes but by room, which the allocator
// gives them by itself; by the Node or its requests, which the mark tells; or
// by what the next reading of all interfaces shows, which starts it anew.
type roomless struct {
	mu     sync.Mutex
	byName map[string]noRoom
}

type noRoom struct {
	uid     types.UID
	mark    string
	trouble *conditions.Refusal
}

// markOf is all that the answer depended on, of what we are told of.
func markOf(node *corev1.Node, candidates []*v1alpha1.RangeRequest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %x %s", node.Spec.ProviderID, node.Status.NodeInfo.SystemUUID, node.Status.Capacity.Pods())
	for _, r := range candidates {
		fmt.Fprintf(&b, " %s/%d", r.UID, r.Generation)
	}
	return b.String()
}

func (r *roomless) note(node *corev1.Node, candidates []*v1alpha1.RangeRequest, t *conditions.Refusal) {
	if t.Reason != v1alpha1.ReasonRangeExhausted && t.Reason != v1alpha1.ReasonWrongSubnet {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]noRoom{}
	}
	r.byName[node.Name] = noRoom{node.UID, markOf(node, candidates), t}
}

// still gives why the Node waits, where nothing has changed since that was
// found.
func (r *roomless) still(node *corev1.Node, candidates []*v1alpha1.RangeRequest) *conditions.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, ok := r.byName[node.Name]
	if !ok || x.uid != node.UID || x.mark != markOf(node, candidates) {
		return nil
	}
	return x.trouble
}

func (r *roomless) forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
}

func (r *roomless) anew() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName = nil
}

// waits gives why a Node that holds nothing has to wait, where that is known
// without asking the cloud.
func (c *Controller) waits(cat *catalog, node *corev1.Node, candidates []*v1alpha1.RangeRequest) *conditions.Refusal {
	if _, ok := cat.vpcOf(candidates[0].Name); !ok {
		return noNetwork(cat, candidates[0])
	}
	if !slices.ContainsFunc(candidates, func(r *v1alpha1.RangeRequest) bool { return len(r.Status.Granted()) > 0 }) {
		return notGranted(candidates)
	}
	t := c.roomless.still(node, candidates)
	if t != nil && t.Reason == v1alpha1.ReasonRangeExhausted && !c.allocator.Waits(node.UID) {
		return nil // nobody would call it when there is room
	}
	return t
}
