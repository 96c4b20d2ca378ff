package network

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/assign"
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
	had := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionReservedInUse)
	cond := metav1.Condition{Type: v1alpha1.ConditionReservedInUse, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "no reserved block lies over a granted range", ObservedGeneration: n.Generation}
	switch {
	case len(over) == 0 && had == nil:
		return
	case len(over) > 0:
		var texts []string
		for _, b := range over {
			texts = append(texts, fmt.Sprintf("%s (%s) in Network %s over RangeRequest %s", b.Prefix, b.Reason, b.Network, b.Request))
		}
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonReserved
		cond.Message = fmt.Sprintf("%d reserved blocks lie over granted ranges: %s; the ranges stay and keep working, and nothing more is carved there: take the blocks out of reserved, or delete the requests when nothing uses them",
			len(over), named(texts))
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info("reserved blocks lie over granted ranges", "blocks", texts)
			c.Metrics.failed(n.Name, cond.Reason)
			c.Events.Eventf(n, nil, corev1.EventTypeWarning, cond.Reason, "ReadVPC", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&n.Status.Conditions, cond)
}
