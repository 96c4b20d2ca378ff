package ranges

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// look is one reading of the ServiceCIDRs, which serves every request.
type look struct {
	at     time.Time
	blocks []carve.ServiceBlock
}

// overlaps are ServiceCIDRs over granted ranges. Nothing is touched: neither is
// ours to take back.
var overlaps = conditions.Problem{Type: v1alpha1.ConditionServiceCIDROverlap, Well: v1alpha1.ReasonNone, None: "no ServiceCIDR overlaps a range"}

func (c *Controller) tellOverlapped(ctx context.Context, r *v1alpha1.RangeRequest) (again time.Duration) {
	if c.Services == nil || r.Spec.Purpose == v1alpha1.Services || len(r.Status.Ranges) == 0 {
		return verifyPeriod
	}
	if no := c.look(ctx); no != nil {
		log.FromContext(ctx).V(1).Info("the ServiceCIDRs could not be compared with the ranges", "why", no.Text)
		unknown := metav1.Condition{Type: overlaps.Type, Status: metav1.ConditionUnknown, Reason: no.Reason, Message: no.Text}
		if no.Reason == string(cloud.PermissionDenied) && conditions.Set(&r.Status.Conditions, r, unknown) {
			c.Metrics.failed(r.Name, no.Reason)
			c.warn(ctx, r, no, "CheckRange")
		}
		return lookServices
	}
	over := carve.Overlapped(r, c.looked.blocks)
	c.Metrics.overlapped.WithLabelValues(r.Name).Set(float64(len(over)))
	var no *conditions.Refusal
	if len(over) > 0 {
		no = conditions.Refuse(v1alpha1.ReasonServiceCIDROverlap,
			"ServiceCIDRs overlap ranges that were granted before (%s): a ClusterIP may equal the address of a Pod or a machine; delete them and create them elsewhere. Nothing is changed automatically",
			conditions.List(over, 3))
	}
	if c.tell(ctx, r, overlaps, no, "CheckRange") {
		c.Metrics.failed(r.Name, no.Reason)
	}
	return lookServices
}

// look reads the ServiceCIDRs, unless it did a moment ago.
func (c *Controller) look(ctx context.Context) *conditions.Refusal {
	now := c.Now()
	if !c.looked.at.IsZero() && now.Sub(c.looked.at) < lookServices {
		return nil
	}
	blocks, err := c.Services.Occupied(ctx)
	if no := fromCluster("listing ServiceCIDRs", err); no != nil && no.Reason != v1alpha1.ReasonNoServiceCIDR {
		return no
	}
	c.looked = look{at: now, blocks: blocks}
	return nil
}
