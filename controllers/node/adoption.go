package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// A Node may publish a piece of our ranges that nothing of ours ever put on its
// machine: it is served by an overlay network. To attach that unasked could
// break what serves. So the Node is observed: its piece is nobody else's, and
// that is all. Where the request says adoption Attach such Nodes are attached
// one after the other, and none while one fails.

// observe looks after such a Node; fresh tells that it was not known before, so
// that its interface may carry the piece although no reading showed that.
func (c *Controller) observe(ctx context.Context, node *corev1.Node, h allocator.Allocation, fresh bool) reconcile.Result {
	c.leavePlace(node.UID)
	cat := c.findings.catalog()
	r := cat.request(h.Key.Request)
	attach := r != nil && r.Spec.Adoption == v1alpha1.AdoptionAttach
	if !attach {
		c.limiter.LeaveTurn(node.UID)
	}
	vpc, ok := cat.vpcOf(h.Key.Request)
	if !ok || node.Spec.ProviderID == "" || !attach && !fresh || attach && !c.limiter.EnterTurn(r.Name, node.UID, node.Name) {
		return reconcile.Result{}
	}
	nic, err := vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
	six := c.published6(node, h, nic)
	switch {
	case err == nil && nic.Carries(h.Prefix, six):
		c.allocator.Observe(node.UID, false)
		c.settle(node.UID)
		return c.confirm(ctx, node, h.Key, h)
	case !attach:
		return reconcile.Result{} // the next reading of all interfaces tells more
	case err != nil:
		return c.wait(ctx, node, noInstance(err))
	}
	if !c.limiter.Enter(node.UID, node.Name) {
		return reconcile.Result{}
	}
	return c.putBack(ctx, node, h, vpc.Interfaces, nic, six)
}

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
	for _, h := range c.allocator.Observed() {
		out[h.Key.Request]++
	}
	return out
}
