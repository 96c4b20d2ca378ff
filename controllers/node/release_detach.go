package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// detach takes the prefix off the interface of an instance that outlived its
// Node. Nothing in the cloud guards a detach, so the Node, the ledger and the
// lease are read live right before it (I2).
func (c *Controller) detach(ctx context.Context, h allocator.Allocation, vpc cloud.VPC, nic cloud.Interface) reconcile.Result {
	if !c.limiter.Enter(h.NodeUID, h.Node) {
		return reconcile.Result{} // it is called later
	}
	if err := c.mayDetach(ctx, h); err != nil {
		c.leavePlace(h.NodeUID)
		return c.later(ctx, h, refusalOf(err))
	}
	var op cloud.Operation
	var err error
	for _, a := range release.OursOn(h, nic, c.paired(h, nic)) {
		log.FromContext(ctx).Info("detaching the prefix of a deleted node from its instance", "prefix", a.Prefix, "instance", h.Instance, "before", h.Before.String())
		if op, err = vpc.Interfaces.Detach(ctx, nic, a); err != nil || !op.Done() {
			break // what is left comes with the next look
		}
	}
	if err != nil {
		if cloud.Is(err, cloud.OutcomeUnknown) {
			c.operations.MayDetach(h.NodeUID)
		}
		c.leavePlace(h.NodeUID)
		return c.later(ctx, h, refusalOf(err))
	}
	if op.Done() {
		c.leavePlace(h.NodeUID)
		c.tookOff(h)
		return reconcile.Result{RequeueAfter: time.Millisecond} // the cloud is asked once more whether it shows it
	}
	c.watch(ctx, vpc.Interfaces, h.NodeUID, h.Node, op)
	return reconcile.Result{}
}

// isGone reads live that no Node of that name has a use for the holding: the
// cache may be older than what the allocator knows. It is nil where that is so.
func (c *Controller) isGone(ctx context.Context, h allocator.Allocation) error {
	live := &corev1.Node{}
	err := c.Live.Get(ctx, client.ObjectKey{Name: h.Node}, live)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading the Node: %w", err)
	case slices.Contains(live.Spec.PodCIDRs, h.Prefix.String()), live.UID == h.NodeUID && len(live.Spec.PodCIDRs) == 0:
		return fmt.Errorf("the Node is there after all")
	}
	return nil
}

func (c *Controller) mayDetach(ctx context.Context, h allocator.Allocation) error {
	if err := c.isGone(ctx, h); err != nil {
		return err
	}
	for _, n := range c.Nodes() {
		if n.Spec.ProviderID == h.Instance && n.UID != h.NodeUID && slices.ContainsFunc(podCIDRsOf(n), h.Prefix.Overlaps) {
			return fmt.Errorf("node %s publishes it now", n.Name)
		}
	}
	if err := c.ledger.Confirm(ctx); err != nil {
		c.noClaim(err)
		return err
	}
	return c.StillLeads(ctx)
}
