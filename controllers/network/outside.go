package network

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// tellOutside says which granted ranges lie outside the supernets. They stay
// and keep working; only nothing new is carved there.
func (c *Controller) tellOutside(ctx context.Context, n *v1alpha1.Network, ranges []survey.Outside) {
	c.Metrics.outside.WithLabelValues(n.Name).Set(float64(len(ranges)))
	cond := metav1.Condition{
		Type: v1alpha1.ConditionSupernetInUse, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInsideSupernets,
		Message: "every granted range lies in the supernets", ObservedGeneration: n.Generation,
	}
	had := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionSupernetInUse)
	if len(ranges) > 0 {
		var texts []string
		for _, o := range ranges {
			texts = append(texts, fmt.Sprintf("%s of RangeRequest %s", o.Prefix, o.Request))
		}
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonOutsideSupernets
		cond.Message = fmt.Sprintf("%d granted ranges lie outside the supernets (%s); they stay and keep working, and nothing new is carved there: put the supernet back, or delete the requests when nothing uses them",
			len(ranges), survey.Named(texts))
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info("granted ranges lie outside the supernets", "ranges", texts)
			c.Metrics.failed(n.Name, cond.Reason)
			c.Events.Eventf(n, nil, corev1.EventTypeWarning, cond.Reason, "ReadVPC", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&n.Status.Conditions, cond)
}
