package ranges

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// report puts the use into the status.
func (c *Controller) report(r *v1alpha1.RangeRequest, u carve.Use) {
	r.Status.Capacity, r.Status.Allocated = u.Capacity.String(), u.Allocated.String()
	r.Status.Utilization, r.Status.Nodes, r.Status.WaitingNodes = u.Percent(), int32(len(u.Nodes)), u.Waiting
	r.Status.Room, r.Status.LargestFree = carve.Forecast(r, u)
	c.Metrics.observe(r, u)
	c.tellRoutesLimit(r)
	if len(r.Status.Granted()) == 0 || r.Spec.Purpose != v1alpha1.Pods {
		return
	}
	cond := metav1.Condition{Type: v1alpha1.ConditionExhausted, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRoomLeft, Message: "no node waits for room"}
	if u.Waiting > 0 {
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonNodesWaiting
		cond.Message = fmt.Sprintf("%d nodes wait for room; %s", u.Waiting, roomRemedy(r))
		if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionExhausted) {
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, v1alpha1.ReasonRangeExhausted, "ProvidePodRange", "%s", cond.Message)
		}
	}
	conditions.Set(&r.Status.Conditions, r, cond)
}

func roomRemedy(r *v1alpha1.RangeRequest) string {
	if r.Spec.Growth != nil {
		return "growth carves another range for them, unless condition GrowthLimited says why not"
	}
	return "add growth, or a block to cidrs, or create another RangeRequest with the same nodeSelector"
}
