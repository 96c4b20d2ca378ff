package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// keep looks after a Node that publishes podCIDRs: its prefix is known as
// taken, is on the instance, and the Node says so. What it publishes is never
// changed.
func (c *Controller) keep(ctx context.Context, node *corev1.Node) reconcile.Result {
	published, key, ours := c.publishedPrefix(node)
	c.allocator.Leave(node.UID)
	holding, held := c.allocator.Held(node.UID)
	if held && holding.Prefix != published {
		// Somebody else published while ours was on its way.
		c.occupy(node)
		c.suspected(ctx, node)
		return sooner(c.takeBack(ctx, holding, node), c.foreign(ctx, node))
	}
	if !ours {
		return c.foreign(ctx, node)
	}
	if !held || holding.Instance == "" {
		var err error
		holding, err = c.allocator.Adopt(allocator.Holder{NodeUID: node.UID, Node: node.Name, Instance: node.Spec.ProviderID}, published)
		if err != nil {
			return c.duplicate(ctx, node, published, err)
		}
		if !held {
			c.allocator.Observe(node.UID, true) // until an interface shows it
			holding.Observed = true
		}
	}
	if p, ok := publishedIPv6(node); ok {
		if err := c.allocator.Delegate(node.UID, p); err != nil {
			return c.duplicate(ctx, node, p, err)
		}
	}
	if held && !c.rivals.Suspects(node) || c.suspected(ctx, node) {
		c.rivals.Forget(node.Name) // from now on the allocator knows it
	}
	c.allocator.MarkPublished(node.UID)
	c.releases.End(node.UID) // it is there, whatever the cache said before
	c.clearForeign(ctx, node)
	if holding.Observed {
		return c.observe(ctx, node, holding, !held)
	}
	c.settle(node.UID)
	op := c.operations.Take(node.UID)
	switch {
	case op.UnderWay:
		return reconcile.Result{}
	case op.Err != nil:
		return c.repairFailed(ctx, node, holding, op.Err)
	case op.Ended:
		if c.findings.misses(node.UID) {
			c.Metrics.repaired(drift.AliasMissing)
		}
		c.leavePlace(node.UID)
		return c.confirm(ctx, node, key, holding)
	}
	if !c.wantsLook(node) {
		return reconcile.Result{}
	}
	return c.confirm(ctx, node, key, holding)
}

// wantsLook tells whether the Node's instance is to be looked at: where the
// last reading did not find the prefix there, and where the Node does not say
// that its network is there although no report of that is on its way.
func (c *Controller) wantsLook(node *corev1.Node) bool {
	repair := c.findings.misses(node.UID)
	if cond := nodestatus.NetworkCondition(node); cond != nil && cond.Status == corev1.ConditionFalse {
		c.status.ReadyShown(node.Name)
		if !repair {
			c.leavePlace(node.UID) // it may have waited for a repair that somebody else made
			return false
		}
	}
	return !c.status.AwaitsReady(node.Name, node.UID) || repair // else it comes back with its report, or when that is overdue
}
