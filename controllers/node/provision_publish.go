package node

import (
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// publish shows the Node's holding, which the cloud has confirmed, in its
// podCIDRs.
func (c *Controller) publish(ctx context.Context, node *corev1.Node) reconcile.Result {
	holding, ok := c.allocator.Held(node.UID)
	if !ok || !holding.Durable {
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	podCIDRs, t := c.podCIDRs(ctx, holding)
	if t != nil {
		return c.wait(ctx, node, t)
	}
	err := c.status.Writer.Publish(ctx, node.Name, node.UID, podCIDRs...)
	if err != nil {
		return c.publishFailed(ctx, node, texts(podCIDRs), err)
	}
	return c.published(ctx, node)
}

func (c *Controller) published(ctx context.Context, node *corev1.Node) reconcile.Result {
	c.allocator.MarkPublished(node.UID)
	c.rivals.Forget(node.Name)
	c.leavePlace(node.UID)
	c.Metrics.allocated(c.Now().Sub(node.CreationTimestamp.Time))
	c.settle(node.UID)
	return c.report(ctx, node)
}

// settle records what the Node publishes, which ends its claim.
func (c *Controller) settle(uid types.UID) {
	if h, ok := c.allocator.Held(uid); ok {
		c.ledger.Settle(h.Recorded())
	}
}

// publishFailed reads the Node live: whatever the write did, the Node says
// what holds now.
func (c *Controller) publishFailed(ctx context.Context, node *corev1.Node, podCIDRs []string, failed error) reconcile.Result {
	live := &corev1.Node{}
	err := c.Live.Get(ctx, client.ObjectKeyFromObject(node), live)
	switch {
	case apierrors.IsNotFound(err), err == nil && live.UID != node.UID:
		return reconcile.Result{RequeueAfter: time.Second} // the cache will show it, and retire takes over
	case err != nil:
		return c.wait(ctx, node, conditions.FromAPI("publishing podCIDRs "+strings.Join(podCIDRs, " and "), failed))
	case len(live.Spec.PodCIDRs) == 0:
		return c.wait(ctx, node, conditions.FromAPI("publishing podCIDRs "+strings.Join(podCIDRs, " and "), failed))
	case slices.Equal(live.Spec.PodCIDRs, podCIDRs):
		return c.published(ctx, live)
	default:
		return c.bring(ctx, live)
	}
}

// report says on the Node that its network works.
func (c *Controller) report(ctx context.Context, node *corev1.Node) reconcile.Result {
	cond := nodestatus.NetworkCondition(node)
	if cond != nil && cond.Status == corev1.ConditionFalse {
		c.backoff.Forget(node.Name)
		return reconcile.Result{}
	}
	if err := c.status.Ready(ctx, node.Name, node.UID); apierrors.IsForbidden(err) {
		return c.wait(ctx, node, conditions.FromAPI("reporting that the pod range is ready", err))
	} else if err != nil {
		log.FromContext(ctx).Info("reporting that the pod range is ready failed; trying again", "error", err.Error())
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	c.backoff.Forget(node.Name)
	return reconcile.Result{}
}
