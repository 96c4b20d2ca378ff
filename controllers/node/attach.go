package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// attach puts the claimed prefix on the interface, unless it is there.
func (c *Controller) attach(ctx context.Context, node *corev1.Node, h allocator.Allocation, at place) reconcile.Result {
	six := c.paired(h, at.nic)
	if at.nic.Carries(h.Prefix, six) {
		return c.publish(ctx, node)
	}
	if !c.limiter.Enter(node.UID, node.Name) {
		return reconcile.Result{}
	}
	op, err := at.vpc.Interfaces.Attach(ctx, at.nic, cloud.Attachment{Prefix: h.Prefix, Range: h.Range, IPv6: six})
	if err != nil {
		return c.attachFailed(ctx, node, h, err)
	}
	if op.Done() {
		return c.publish(ctx, node)
	}
	c.watch(ctx, at.vpc.Interfaces, node.UID, node.Name, op)
	return reconcile.Result{}
}

// attachFailed decides by what the cloud said. A claim is given up only where
// the cloud says for certain that the prefix is another's.
func (c *Controller) attachFailed(ctx context.Context, node *corev1.Node, h allocator.Allocation, err error) reconcile.Result {
	switch cloud.ReasonOf(err) {
	case cloud.Conflict:
		c.cede(h)
		t := conditions.FromCloud(err)
		t.Reason = v1alpha1.ReasonPrefixTaken
		t.Text += "; another prefix is tried"
		return c.wait(ctx, node, t)
	case cloud.OutcomeUnknown:
		c.operations.MayAttach(node.UID)
	case cloud.NotFound:
		t := c.missing(ctx, node, h, err)
		if t.Reason == v1alpha1.ReasonRangeMissing && c.hasBetter(node, h) {
			c.cede(h)
			t.Text += "; a range of another request, which selects the node by now, is tried"
		}
		return c.wait(ctx, node, t)
	}
	return c.wait(ctx, node, conditions.FromCloud(err))
}

// cede gives up what a Node was promised and can never have. The promise ends
// with it: the Node may make no other, and a later leader would hold this one
// against the Node that gets the prefix next.
func (c *Controller) cede(h allocator.Allocation) {
	c.allocator.ReleaseToForeign(h.NodeUID)
	c.ledger.End(h.NodeUID, h.Prefix)
}

// hasBetter tells whether the Node is to draw from other requests now than the
// one that it was promised a prefix of.
func (c *Controller) hasBetter(node *corev1.Node, h allocator.Allocation) bool {
	candidates := assign.Candidates(c.findings.catalog().requests, assign.LabelsOf(node))
	return len(candidates) > 0 && !isCandidate(h.Key.Request, candidates)
}

// missing tells what an attachment did not find, the instance or the range: a
// second look at the instance says. Where it cannot be had, the cloud's word
// stands as it is.
func (c *Controller) missing(ctx context.Context, node *corev1.Node, h allocator.Allocation, err error) *conditions.Refusal {
	t := conditions.FromCloud(err)
	vpc, ok := c.findings.catalog().vpcOf(h.Key.Request)
	if !ok {
		return t
	}
	nic, look := vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
	switch {
	case cloud.Is(look, cloud.NotFound):
		return noInstance(look)
	case look == nil && !release.SameMachine(h, nic):
		return noInstance(err)
	case look == nil:
		t.Reason = v1alpha1.ReasonRangeMissing
	}
	return t
}
