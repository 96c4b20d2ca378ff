package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// noClaim is the refusal of a promise that the ledger does not take.
func (c *Controller) noClaim(err error) *conditions.Refusal {
	if errors.Is(err, claims.ErrFenced) {
		c.Fenced(err)
	}
	if blocked, is := errors.AsType[*claims.BlockedError](err); is {
		return &conditions.Refusal{Reason: v1alpha1.ReasonLedgerBlocked, Text: cloud.Steady(blocked.Error())}
	}
	t := conditions.FromAPI("writing the claims ledger", err)
	t.Quiet = t.Reason == string(cloud.Unavailable)
	return t
}

// wait says on the Node why it has to wait, and when it is looked at again:
// later each time, but never given up.
func (c *Controller) wait(ctx context.Context, node *corev1.Node, t *conditions.Refusal) reconcile.Result {
	c.leavePlace(node.UID)
	if c.limiter.HasTurn(node.UID) {
		return c.notAttached(ctx, node, t) // it serves, whatever we could not do to it
	}
	if t.Conflict {
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	c.Metrics.refused(t.Reason)
	delay := c.backoff.When(node.Name)
	delay += rand.N(delay/4 + 1)
	told, err := c.status.Refuse(ctx, node, t)
	if told {
		log.FromContext(ctx).Info("the node waits for its pod range", "reason", t.Reason, "why", t.Text)
	}
	if err != nil {
		log.FromContext(ctx).Info("the node's condition could not be written", "error", err.Error())
		delay = min(delay, time.Second)
	}
	return reconcile.Result{RequeueAfter: delay}
}
