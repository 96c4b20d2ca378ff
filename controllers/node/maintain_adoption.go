package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// notAttached says on the request why a Node could not be attached, and leaves
// the Node as it was. Where the cloud refused for certain, nothing of ours is on
// record any more, so that adoption Observe ends it.
func (c *Controller) notAttached(ctx context.Context, node *corev1.Node, t *conditions.Refusal) reconcile.Result {
	delay := c.backoff.When(node.Name)
	if h, held := c.allocator.Held(node.UID); held && t.Reason != string(cloud.OutcomeUnknown) {
		c.allocator.Observe(node.UID, true)
		c.ledger.End(node.UID, h.Prefix)
	}
	if c.limiter.FailTurn(node.UID, t.Reason, t.Text) {
		c.Metrics.refused(t.Reason)
		log.FromContext(ctx).Info("a node cannot be attached; it is left as it was, and no further one is tried", "reason", t.Reason, "why", t.Text)
		c.Events.Eventf(node, nil, corev1.EventTypeWarning, t.Reason, "AttachPodRange", "%s; it is left as it was, and no further Node is attached", t.Text)
	}
	return reconcile.Result{RequeueAfter: delay}
}

// adoptionStopped is why the request's Nodes are not adopted; nil where all is
// well.
func (c *Controller) adoptionStopped(request string) *conditions.Refusal {
	f := c.limiter.FailedTurn(request)
	if f == nil {
		return nil
	}
	return conditions.Refuse(f.Reason,
		"Node %s cannot be attached, and is left as it was: %s; it is tried again, and no further Node before: mend that, delete the Node, or set adoption to Observe",
		f.Node, cloud.Steady(f.Text))
}

// observedOf counts the observed Nodes of each request.
func (c *Controller) observedOf() map[string]int32 {
	out := map[string]int32{}
	for _, h := range c.allocator.OfNodes(allocator.IsObserved) {
		out[h.Request]++
	}
	return out
}
