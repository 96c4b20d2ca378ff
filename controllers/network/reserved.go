package network

import (
	"context"
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// Reserved is a reserved block that lies over what a request was granted.
type Reserved struct {
	assign.Reserved
	Request string
}

// reservedInUse gives the blocks of this Network's that lie over anybody's
// ranges, and those of the VPC's other Networks that lie over its ranges.
func reservedInUse(n *v1alpha1.Network, around Around) (out []Reserved) {
	mine, theirs := assign.ReservedBy(*n), assign.ReservedBy(around.Beside...)
	beside := map[string]bool{}
	for i := range around.Beside {
		beside[around.Beside[i].Name] = true
	}
	for i := range around.Requests {
		r := &around.Requests[i]
		var over []assign.Reserved
		switch {
		case r.NetworkName() == n.Name:
			over = append(assign.ReservedOver(mine, r), assign.ReservedOver(theirs, r)...)
		case beside[r.NetworkName()]:
			over = assign.ReservedOver(mine, r)
		}
		for _, b := range over {
			out = append(out, Reserved{b, r.Name})
		}
	}
	return out
}

// tellReserved says which reserved blocks lie over granted ranges, which stay.
func (c *Controller) tellReserved(ctx context.Context, n *v1alpha1.Network, over []Reserved) {
	c.Metrics.reserved.WithLabelValues(n.Name).Set(float64(len(over)))
	var texts []string
	for _, b := range over {
		texts = append(texts, fmt.Sprintf("%s (%s) in Network %s over RangeRequest %s", b.Prefix, b.Reason, b.Network, b.Request))
	}
	c.tell(ctx, n, len(over) > 0, finding{
		condition: v1alpha1.ConditionReservedInUse, none: "no reserved block lies over a granted range", reason: v1alpha1.ReasonReserved,
		message: fmt.Sprintf("%d reserved blocks lie over granted ranges: %s; the ranges stay and keep working, and nothing more is carved there: take the blocks out of reserved, or delete the requests when nothing uses them",
			len(over), named(texts)),
	})
}
