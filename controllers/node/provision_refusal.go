package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
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

// boundsOf is what the cloud says to the size of one node's range. An
// interface that takes none bounds no size: it is told apart.
func boundsOf(t cloud.Traits, l cloud.Limit) assign.Bounds {
	b := assign.Bounds{PerPod: t.PerPod(), Smallest: t.Smallest}
	if l.Bits != cloud.TakesNone {
		b.Largest, b.Limit = l.Bits, l.Why
	}
	return b
}

// limitOf is what the interface takes, where one of the candidates' prefixes
// would be put on it.
func limitOf(ctx context.Context, cat *catalog, nic cloud.Interface, candidates []*v1alpha1.RangeRequest) (cloud.Limit, error) {
	for _, r := range candidates {
		if vpc, ok := cat.vpcOf(r.Name); ok && !isRouted(r) {
			return vpc.Interfaces.Limit(ctx, nic)
		}
	}
	return cloud.Limit{}, nil
}

func undersized(r *v1alpha1.RangeRequest, s assign.Size, maxPods int64, l cloud.Limit) *conditions.Refusal {
	remedy := "give the request larger node ranges"
	if s.Limited {
		remedy = l.Remedy
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonNodeUndersized, Text: fmt.Sprintf(
		"RangeRequest %s sizes this node at a /%d (%s), which holds fewer addresses than its %d max pods; set the kubelet's maxPods to %d or less, %s, or set allowUndersized",
		r.Name, s.Bits, s.Why, maxPods, assign.Holds(s.Bits), remedy)}
}

// ownUndersized is undersized for what the machine came with; why says what
// keeps it from being made larger, where it could be.
func ownUndersized(r *v1alpha1.RangeRequest, instance string, a cloud.Attachment, maxPods int64, why string) *conditions.Refusal {
	return &conditions.Refusal{Reason: v1alpha1.ReasonNodeUndersized, Text: fmt.Sprintf(
		"%s carries %s, which was there before and holds fewer addresses than the node's %d max pods%s; set the kubelet's maxPods to %d or less, detach it or create the machine without it, or set allowUndersized on RangeRequest %s",
		instance, a.Prefix, maxPods, why, assign.Holds(a.Prefix.Bits()), r.Name)}
}

func takesNone(l cloud.Limit) *conditions.Refusal {
	return &conditions.Refusal{Reason: string(cloud.LimitExceeded), Text: fmt.Sprintf("the node's machine takes no pod range: %s; %s", l.Why, l.Remedy)}
}
