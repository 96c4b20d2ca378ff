package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// provide carries out a step of a Node without podCIDRs.
func (x *stepper) provide(ctx context.Context, s decide.Step) (again reconcile.Result, last bool) {
	c, node := x.c, x.node
	switch s.Do {
	case decide.Ignore:
		c.leavePlace(node.UID)
		c.drop(node.UID)
		if x.view.Outdated {
			c.lookAgain()
		}
		return reconcile.Result{RequeueAfter: s.Again}, true
	case decide.Drop:
		c.drop(node.UID)
	case decide.Pick:
		if no := x.pick(ctx); no != nil {
			return c.wait(ctx, node, no), true
		}
	case decide.Claim:
		if no := c.promise(ctx, node, *x.view.Allocation, x.at); no != nil {
			return c.wait(ctx, node, no), true
		}
		x.view.Claimed = true
	case decide.Cede:
		c.cede(*x.view.Allocation)
		if s.Refusal != nil {
			return c.wait(ctx, node, s.Refusal), true
		}
		c.operations.Clear(node.UID)
	case decide.Attach:
		return again, x.attach(ctx)
	case decide.Publish:
		if x.view.Operation.Ended {
			c.operations.Clear(node.UID)
		}
		return c.publish(ctx, node), true
	}
	x.hold()
	return again, false
}

// pick chooses a prefix for a Node that has none, and says where it comes to.
func (x *stepper) pick(ctx context.Context) *conditions.Refusal {
	no := x.take(ctx)
	if no != nil && (no.Reason == v1alpha1.ReasonRangeExhausted || no.Reason == v1alpha1.ReasonWrongSubnet) {
		x.c.status.NoRoom(x.node.Name, x.node.UID, roomMark(x.node, x.candidates), no)
	}
	return no
}

func (x *stepper) take(ctx context.Context) *conditions.Refusal {
	c, cat := x.c, x.c.findings.catalog()
	candidates, no := c.feasible(ctx, x.at.vpc, x.at.nic, x.candidates)
	if no != nil {
		return no
	}
	limit, err := limitOf(ctx, cat, x.at.nic, candidates)
	if err != nil {
		return decide.NoInstance(err)
	}
	h, no := c.pick(ctx, x.node, x.at.nic, candidates, x.at.vpc.Traits, limit)
	if no != nil || h.ByRoutes() == isRouted(x.at.by) {
		return no
	}
	// It comes to the machine in another way than the first choice's would.
	vpc, ok := cat.vpcOf(h.Request)
	if !ok {
		return requestGone(h)
	}
	nic, err := vpc.Interfaces.Get(ctx, x.node.Spec.ProviderID)
	if err != nil {
		return decide.NoInstance(err)
	}
	x.at = place{cat.request(h.Request), vpc, nic}
	return nil
}

// attach puts the claimed prefix on the interface.
func (x *stepper) attach(ctx context.Context) (last bool) {
	h, ifaces := *x.view.Allocation, x.at.vpc.Interfaces
	op, err := ifaces.Attach(ctx, x.at.nic, cloud.Attachment{Prefix: h.Prefix, Range: h.Range, IPv6: x.c.paired(h, x.at.nic)})
	if err != nil {
		x.failed(err)
		return false
	}
	if op.Done() {
		x.view.Operation.Ended = true
		return false
	}
	x.c.watch(ctx, ifaces, x.node.UID, x.node.Name, op)
	return true
}

// promise makes the claim durable.
func (c *Controller) promise(ctx context.Context, node *corev1.Node, h allocator.Allocation, at place) *conditions.Refusal {
	if !at.nic.Carries(h.Prefix, c.paired(h, at.nic)) {
		// It is put there by us, and on that very machine: that is recorded
		// first, as an alias range carries no mark (I4).
		h, _ = c.allocator.PutOn(node.UID, at.nic.InstanceUID, release.BeforeUs(h, at.nic))
	}
	if no := c.delegate(ctx, node, &h, at.nic, at.vpc); no != nil || h.Durable && !h.Unsaved {
		return no
	}
	if no := c.othersPublish(ctx, h); no != nil {
		if no.Reason == v1alpha1.ReasonPrefixTaken {
			c.cede(h)
			no.Text += "; another prefix is tried"
		}
		return no
	}
	if err := c.ledger.Claim(ctx, h); err != nil {
		return c.noClaim(err)
	}
	c.allocator.MarkDurable(node.UID)
	return nil
}

// cede gives up what a Node was promised and can never have. The promise ends
// with it: the Node may make no other, and a later leader would hold this one
// against the Node that gets the prefix next.
func (c *Controller) cede(h allocator.Allocation) {
	c.allocator.ReleaseToForeign(h.NodeUID)
	c.ledger.End(h.NodeUID, h.Prefix)
}
