package network

import (
	"context"
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// tellReserved says which reserved blocks lie over granted ranges, which stay.
func (c *Controller) tellReserved(ctx context.Context, n *v1alpha1.Network, over []survey.Reserved) {
	c.Metrics.reserved.WithLabelValues(n.Name).Set(float64(len(over)))
	var texts []string
	for _, b := range over {
		texts = append(texts, fmt.Sprintf("%s (%s) in Network %s over RangeRequest %s", b.Prefix, b.Reason, b.Network, b.Request))
	}
	c.tell(ctx, n, len(over) > 0, finding{
		condition: v1alpha1.ConditionReservedInUse, none: "no reserved block lies over a granted range", reason: v1alpha1.ReasonReserved,
		message: fmt.Sprintf("%d reserved blocks lie over granted ranges: %s; the ranges stay and keep working, and nothing more is carved there: take the blocks out of reserved, or delete the requests when nothing uses them",
			len(over), survey.Named(texts)),
	})
}
