package node

import (
	"context"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// confirm looks at the instance, puts the published prefix back if it is
// not there, and reports.
func (c *Controller) confirm(ctx context.Context, node *corev1.Node, key allocator.Key, h allocator.Allocation) reconcile.Result {
	vpc, ok := c.findings.catalog().vpcOf(key.Request)
	if !ok || node.Spec.ProviderID == "" {
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	nic, err := vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
	if err != nil {
		return c.wait(ctx, node, noInstance(err))
	}
	six := c.published6(node, h, nic)
	if nic.Carries(h.Prefix, six) {
		c.leavePlace(node.UID)
		c.limiter.LeaveTurn(node.UID)
		c.findings.mended(node.UID)
		if t := c.ipv6Changed(node, key, h, nic); t != nil {
			return c.wait(ctx, node, t)
		}
		return c.report(ctx, node)
	}
	if !c.limiter.Enter(node.UID, node.Name) {
		return reconcile.Result{}
	}
	return c.putBack(ctx, node, h, vpc.Interfaces, nic, six)
}

// putBack puts the prefix that the Node publishes on its instance again.
func (c *Controller) putBack(ctx context.Context, node *corev1.Node, h allocator.Allocation, ifaces cloud.Interfaces, nic cloud.Interface, six netip.Prefix) reconcile.Result {
	if own, news := c.allocator.PutOn(node.UID, nic.InstanceUID, release.BeforeUs(h, nic)); news {
		// It is ours from now on, on that machine, and that is durable first;
		// the claim ends with the record.
		if err := c.ledger.Claim(ctx, entryOf(own)); err != nil {
			return c.wait(ctx, node, c.noClaim(err))
		}
		c.settle(node.UID)
		c.allocator.MarkDurable(node.UID)
	}
	log.FromContext(ctx).Info("putting the node's published pod range back on its instance", "prefix", h.Prefix, "instance", node.Spec.ProviderID)
	c.Events.Eventf(node, nil, corev1.EventTypeWarning, v1alpha1.ReasonAttaching, "RepairPodRange",
		"%s is published in podCIDRs and not on the interface of %s; it is put back", h.Prefix, node.Spec.ProviderID)
	op, err := ifaces.Attach(ctx, nic, cloud.Attachment{Prefix: h.Prefix, Range: h.Range, IPv6: six})
	if err != nil {
		return c.repairFailed(ctx, node, h, err)
	}
	if op.Done() {
		c.Metrics.repaired(drift.AliasMissing)
		c.leavePlace(node.UID)
		return reconcile.Result{RequeueAfter: time.Millisecond} // the interface is looked at once more
	}
	c.watch(ctx, ifaces, node.UID, node.Name, op)
	return reconcile.Result{}
}

func (c *Controller) repairFailed(ctx context.Context, node *corev1.Node, h allocator.Allocation, err error) reconcile.Result {
	if cloud.Is(err, cloud.NotFound) {
		return c.wait(ctx, node, c.missing(ctx, node, h, err))
	}
	return c.wait(ctx, node, conditions.FromCloud(err))
}
