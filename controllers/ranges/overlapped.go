package ranges

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
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
	for _, p := range prefixes(r.Status.Ranges) {
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
			return c.LookServices
		}
		c.looked = look{at: now, blocks: blocks}
	}
	over := Overlapped(r, c.looked.blocks)
	c.Metrics.overlapped.WithLabelValues(r.Name).Set(float64(len(over)))
	had := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionServiceCIDROverlap)
	cond := metav1.Condition{
		Type: v1alpha1.ConditionServiceCIDROverlap, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "no ServiceCIDR lies over a range", ObservedGeneration: r.Generation,
	}
	if len(over) == 0 && had == nil {
		return c.LookServices
	}
	if len(over) > 0 {
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonServiceCIDROverlap
		cond.Message = fmt.Sprintf("ServiceCIDRs were made over what was granted before (%s): a ClusterIP may come to be a Pod's or a machine's address too; delete them, and make them elsewhere. Nothing is changed for it here",
			someOf(over, 3))
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			c.Metrics.failed(r.Name, cond.Reason)
			log.FromContext(ctx).Info("ServiceCIDRs lie over granted ranges", "which", strings.Join(over, ", "))
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, cond.Reason, "CheckRange", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&r.Status.Conditions, cond)
	return c.LookServices
}
