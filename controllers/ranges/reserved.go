package ranges

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
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
	over := assign.ReservedOver(assign.ReservedBy(append(beside, *n)...), r)
	c.Metrics.reserved.WithLabelValues(r.Name).Set(float64(len(over)))
	if len(over) > 0 {
		no = conditions.Refuse(v1alpha1.ReasonReserved, "reserved blocks overlap ranges that were granted before: %s; the ranges stay and keep working, but nothing more is carved there and no further node gets addresses of them: remove the blocks from reserved, or create another request and delete this one",
			conditions.List(over, 3))
	}
	if c.tell(ctx, r, reservedInUse, no, "CheckRange") {
		c.Metrics.failed(r.Name, no.Reason)
	}
}

var reservedInUse = conditions.Problem{Type: v1alpha1.ConditionReservedInUse, Well: v1alpha1.ReasonNone, None: "no reserved block overlaps a range"}
