package ranges

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// tellReserved keeps the condition that a block came to be reserved over what
// the request was granted. The ranges stay, and keep working: Pods use them.
func (c *Controller) tellReserved(ctx context.Context, r *v1alpha1.RangeRequest) {
	n := &v1alpha1.Network{}
	if c.Client.Get(ctx, client.ObjectKey{Name: r.NetworkName()}, n) != nil {
		return // another condition says so
	}
	beside, no := c.beside(ctx, n)
	if no != nil {
		return
	}
	var texts []string
	for _, b := range assign.ReservedOver(assign.ReservedBy(append(beside, *n)...), r) {
		texts = append(texts, fmt.Sprintf("%s (%s) in Network %s", b.Prefix, b.Reason, b.Network))
	}
	c.Metrics.reserved.WithLabelValues(r.Name).Set(float64(len(texts)))
	had := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReservedInUse)
	cond := metav1.Condition{Type: v1alpha1.ConditionReservedInUse, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "no reserved block lies over a range", ObservedGeneration: r.Generation}
	switch {
	case len(texts) == 0 && had == nil:
		return
	case len(texts) > 0:
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonReserved
		cond.Message = fmt.Sprintf("blocks were reserved over what was granted before: %s; the ranges stay and keep working, and nothing more is carved there, nor does a further node get any of it: take the blocks out of reserved, or make another request and delete this one",
			someOf(texts, 3))
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			c.Metrics.failed(r.Name, cond.Reason)
			log.FromContext(ctx).Info("blocks were reserved over granted ranges", "blocks", texts)
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, cond.Reason, "CheckRange", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&r.Status.Conditions, cond)
}
