package node

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

func namesOf(requests []*v1alpha1.RangeRequest) (out []string) {
	for _, r := range requests {
		out = append(out, r.Name)
	}
	return out
}

// suspected looks into podCIDRs that are not ours: where somebody else wrote
// them while we look, the requests that select the Node are rivalled. The
// Node is read live first, since the cache may be older than the allocator, and
// then the ledger, since it may be a later leader that published; done is
// false where that failed and the Node comes again.
func (c *Controller) suspected(ctx context.Context, node *corev1.Node) (done bool) {
	candidates := namesOf(assign.Candidates(c.findings.catalog().requests, assign.LabelsOf(node)))
	against := c.rivals.Against(candidates, node)
	if len(against) == 0 {
		return true
	}
	live := &corev1.Node{}
	if err := c.Live.Get(ctx, client.ObjectKeyFromObject(node), live); err != nil {
		c.queue.AddAfter(requestFor(node.Name), time.Second)
		return false
	}
	if live.UID != node.UID || len(live.Spec.PodCIDRs) == 0 {
		return true
	}
	if err := c.ledger.Confirm(ctx); err != nil {
		c.noClaim(err)
		c.queue.AddAfter(requestFor(node.Name), time.Second)
		return false
	}
	c.rivals.Wrote(against, live)
	log.FromContext(ctx).Info("another allocator set the podCIDRs of a node; nothing is allocated from the requests that select it",
		"podCIDRs", live.Spec.PodCIDRs, "requests", against)
	c.Metrics.refused(v1alpha1.ReasonForeignPodCIDR)
	c.Events.Eventf(node, nil, corev1.EventTypeWarning, v1alpha1.ReasonForeignPodCIDR, "StopAllocating",
		"podCIDRs %v were set by another allocator; RangeRequest %s allocates nothing until that is turned off (kube-controller-manager: --allocate-node-cidrs=false)",
		live.Spec.PodCIDRs, strings.Join(against, ", "))
	return true
}

// unrivalled leaves out the candidates that a rival has stopped.
func (c *Controller) unrivalled(candidates []*v1alpha1.RangeRequest) (open, stopped []*v1alpha1.RangeRequest) {
	for _, r := range candidates {
		if c.rivals.Stops(r.Name) {
			stopped = append(stopped, r)
		} else {
			open = append(open, r)
		}
	}
	return open, stopped
}

func (c *Controller) rivalRefusal(stopped []*v1alpha1.RangeRequest) *conditions.Refusal {
	return conditions.Refuse(v1alpha1.ReasonForeignPodCIDR,
		"RangeRequest %s allocates nothing, since another allocator sets podCIDRs of its Nodes (see its condition AllocatorConflict); run kube-controller-manager with --allocate-node-cidrs=false; this Node gets its range once it has waited for %s and no other allocator has set its podCIDRs",
		strings.Join(namesOf(stopped), ", "), c.RivalQuiet)
}

// callBack brings the Nodes back that waited because of a rival.
func (c *Controller) callBack(ctx context.Context, requests []string) {
	if len(requests) == 0 {
		return
	}
	log.FromContext(ctx).Info("the other allocator is gone; allocation goes on", "requests", requests)
	for _, n := range c.Nodes() {
		if len(n.Spec.PodCIDRs) == 0 {
			c.backoff.Forget(n.Name)
			c.enqueue(n.Name)
		}
	}
}
