package ranges

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// tellRoutesLimit keeps the condition.
func (c *Controller) tellRoutesLimit(r *v1alpha1.RangeRequest) {
	text, limited := carve.RoutesLimit(r)
	if text == "" || len(r.Status.Ranges) == 0 {
		return
	}
	cond := metav1.Condition{Type: v1alpha1.ConditionRoutesLimited, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRoomLeft, Message: text}
	if limited {
		cond.Status, cond.Reason = metav1.ConditionTrue, string(cloud.QuotaExceeded)
		if !meta.IsStatusConditionTrue(r.Status.Conditions, cond.Type) {
			c.Metrics.failed(r.Name, cond.Reason)
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, cond.Reason, "GrantRange", "%s", text)
		}
	}
	conditions.Set(&r.Status.Conditions, r, cond)
}
