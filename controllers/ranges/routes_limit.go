package ranges

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// tellRoutesLimit keeps the condition.
func (c *Controller) tellRoutesLimit(ctx context.Context, r *v1alpha1.RangeRequest) {
	text, limited := carve.RoutesLimit(r)
	if text == "" || len(r.Status.Ranges) == 0 {
		return
	}
	routesLimited := conditions.Problem{Type: v1alpha1.ConditionRoutesLimited, Well: v1alpha1.ReasonRoomLeft, None: text}
	if !limited {
		routesLimited.State(&r.Status.Conditions, r, nil)
		return
	}
	had := meta.IsStatusConditionTrue(r.Status.Conditions, routesLimited.Type)
	no := conditions.Refuse(string(cloud.QuotaExceeded), "%s", text)
	if routesLimited.State(&r.Status.Conditions, r, no) && !had {
		c.Metrics.failed(r.Name, no.Reason)
		c.warn(ctx, r, no, "GrantRange")
	}
}
