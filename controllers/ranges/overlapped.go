package ranges

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// look is one reading of the ServiceCIDRs, which serves every request.
type look struct {
	at     time.Time
	blocks []ServiceBlock
}

// Overlapped says which ServiceCIDRs lie over ranges that the request was
// granted: somebody made them later, and nothing in the API keeps them apart.
// Where the request is for ClusterIPs itself its own are among them, and an
// address is allocated once whatever ServiceCIDR it is out of. It is pure.
func Overlapped(r *v1alpha1.RangeRequest, blocks []ServiceBlock) (out []string) {
	if r.Spec.Purpose == v1alpha1.Services {
		return nil
	}
	for _, p := range v1alpha1.Prefixes(r.Status.Ranges) {
		for _, b := range blocks {
			if b.Prefix.Overlaps(p) {
				out = append(out, fmt.Sprintf("%s of ServiceCIDR %s over %s", b.Prefix, b.Name, p))
			}
		}
	}
	return out
}

// tellOverlapped keeps the condition. It is there from the first overlap on.
// Nothing is touched: neither is ours to take back.
func (c *Controller) tellOverlapped(ctx context.Context, r *v1alpha1.RangeRequest) (again time.Duration) {
	if c.Services == nil || r.Spec.Purpose == v1alpha1.Services || len(r.Status.Ranges) == 0 {
		return c.Verify
	}
	if now := c.Now(); c.looked.at.IsZero() || now.Sub(c.looked.at) >= c.LookServices {
		blocks, err := c.Services.Occupied(ctx)
		if no := refusalOf("listing ServiceCIDRs", err); no != nil && no.Reason != v1alpha1.ReasonNoServiceCIDR {
			log.FromContext(ctx).V(1).Info("the ServiceCIDRs could not be compared with the ranges", "why", no.Text)
			if no.Reason == string(cloud.PermissionDenied) {
				c.tellOverlap(ctx, r, metav1.ConditionUnknown, no.Reason, no.Text)
			}
			return c.LookServices
		}
		c.looked = look{at: now, blocks: blocks}
	}
	over := Overlapped(r, c.looked.blocks)
	c.Metrics.overlapped.WithLabelValues(r.Name).Set(float64(len(over)))
	switch {
	case len(over) > 0:
		c.tellOverlap(ctx, r, metav1.ConditionTrue, v1alpha1.ReasonServiceCIDROverlap, fmt.Sprintf(
			"ServiceCIDRs were made over what was granted before (%s): a ClusterIP may come to be a Pod's or a machine's address too; delete them, and make them elsewhere. Nothing is changed for it here",
			someOf(over, 3)))
	case meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionServiceCIDROverlap) != nil:
		c.tellOverlap(ctx, r, metav1.ConditionFalse, v1alpha1.ReasonNone, "no ServiceCIDR lies over a range")
	}
	return c.LookServices
}

func (c *Controller) tellOverlap(ctx context.Context, r *v1alpha1.RangeRequest, is metav1.ConditionStatus, reason, text string) {
	had := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionServiceCIDROverlap)
	if is != metav1.ConditionFalse && (had == nil || had.Status != is || had.Message != text) {
		c.Metrics.failed(r.Name, reason)
		log.FromContext(ctx).Info("ServiceCIDRs and granted ranges were compared", "reason", reason, "found", text)
		c.Events.Eventf(r, nil, corev1.EventTypeWarning, reason, "CheckRange", "%s", text)
	}
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionServiceCIDROverlap, Status: is, Reason: reason, Message: text, ObservedGeneration: r.Generation})
}
