package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// tellHeld keeps the Network's condition, which is there from the first time
// on, and takes off a confirmation that has had its effect. It is false where
// that has to be tried again.
func (c *Controller) tellHeld(ctx context.Context, n *v1alpha1.Network, is brake.Decision) bool {
	ctx, cancel := context.WithTimeout(ctx, nodestatus.CacheLag)
	defer cancel()
	if _, has := n.Annotations[brake.Annotation(nodeKind)]; has && is.Spent {
		before := n.DeepCopy()
		delete(n.Annotations, brake.Annotation(nodeKind))
		if err := c.Client.Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			log.FromContext(ctx).Info("the confirmation could not be removed; it is retried", "network", n.Name, "error", err.Error())
			return false
		}
	}
	cond := metav1.Condition{Type: v1alpha1.ConditionNodeReleaseHeld, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "no release is held", ObservedGeneration: n.Generation}
	had := meta.FindStatusCondition(n.Status.Conditions, cond.Type)
	if had == nil && !is.Held {
		return true
	}
	if is.Held {
		cond.Status, cond.Reason, cond.Message = metav1.ConditionTrue, v1alpha1.ReasonMassRemoval, is.Why
	}
	turned := had == nil || had.Status != cond.Status
	before := n.DeepCopy()
	if !meta.SetStatusCondition(&n.Status.Conditions, cond) {
		return true
	}
	if err := c.Client.Status().Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return false
	}
	if turned && is.Held {
		c.Metrics.refused(v1alpha1.ReasonMassRemoval)
		log.FromContext(ctx).Info("the prefixes of Nodes that are gone stay on their machines", "why", is.Why)
		c.Events.Eventf(n, nil, corev1.EventTypeWarning, cond.Reason, "ReleaseNodes", "%s", cond.Message)
	}
	return true
}
