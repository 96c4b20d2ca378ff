package ranges

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// report puts the use into the status.
func (c *Controller) report(ctx context.Context, r *v1alpha1.RangeRequest, u carve.Use) {
	r.Status.Capacity, r.Status.Allocated = u.Capacity.String(), u.Allocated.String()
	r.Status.Utilization, r.Status.Nodes, r.Status.WaitingNodes = u.Percent(), int32(len(u.Nodes)), u.Waiting
	r.Status.Room, r.Status.LargestFree = carve.Forecast(r, u)
	c.Metrics.observe(r, u)
	c.tellRoutesLimit(ctx, r)
	if len(r.Status.Granted()) == 0 || r.Spec.Purpose != v1alpha1.Pods {
		return
	}
	var no *conditions.Refusal
	if u.Waiting > 0 {
		no = conditions.Refuse(v1alpha1.ReasonNodesWaiting, "%d nodes wait for room; %s", u.Waiting, roomRemedy(r))
	}
	had := meta.IsStatusConditionTrue(r.Status.Conditions, exhausted.Type)
	if exhausted.State(&r.Status.Conditions, r, no) && !had {
		c.Events.Eventf(r, nil, corev1.EventTypeWarning, v1alpha1.ReasonRangeExhausted, "ProvidePodRange", "%s", no.Text)
	}
}

var exhausted = conditions.Problem{Type: v1alpha1.ConditionExhausted, Well: v1alpha1.ReasonRoomLeft, None: "no node waits for room"}

func roomRemedy(r *v1alpha1.RangeRequest) string {
	if r.Spec.Growth != nil {
		return "growth carves another range for them, unless condition GrowthLimited says why not"
	}
	return "add growth, or a block to cidrs, or create another RangeRequest with the same nodeSelector"
}
