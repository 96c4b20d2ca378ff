package network

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

var (
	reservedInUse = conditions.Problem{Type: v1alpha1.ConditionReservedInUse, Well: v1alpha1.ReasonNone, None: "no reserved block overlaps a granted range"}
	routesUnseen  = conditions.Problem{Type: v1alpha1.ConditionRoutesUnseen, Well: v1alpha1.ReasonNone, None: "everything in the VPC can be read"}
)

// tellOutside says which granted ranges lie outside the supernets. They stay
// and keep working; only nothing new is carved there.
func (c *Controller) tellOutside(ctx context.Context, n *v1alpha1.Network, ranges []survey.Outside) {
	c.Metrics.outside.WithLabelValues(n.Name).Set(float64(len(ranges)))
	inUse := conditions.Problem{Type: v1alpha1.ConditionSupernetInUse}
	if len(ranges) == 0 { // said from the first reading on
		conditions.Set(&n.Status.Conditions, n, metav1.Condition{Type: inUse.Type, Status: metav1.ConditionFalse,
			Reason: v1alpha1.ReasonInsideSupernets, Message: "all granted ranges are inside the supernets"})
		return
	}
	c.tell(ctx, n, inUse, conditions.Refuse(v1alpha1.ReasonOutsideSupernets,
		"%d granted ranges are outside the supernets (%s); they stay and keep working, but nothing new is carved there: restore the supernet, or delete the requests once nothing uses them",
		len(ranges), conditions.List(ranges, conditions.Few)))
}

// tellReserved says which reserved blocks lie over granted ranges, which stay.
func (c *Controller) tellReserved(ctx context.Context, n *v1alpha1.Network, over []survey.Reserved) {
	c.Metrics.reserved.WithLabelValues(n.Name).Set(float64(len(over)))
	var no *conditions.Refusal
	if len(over) > 0 {
		no = conditions.Refuse(v1alpha1.ReasonReserved,
			"%d reserved blocks overlap granted ranges: %s; the ranges stay and keep working, but nothing more is carved there: remove the blocks from reserved, or delete the requests once nothing uses them",
			len(over), conditions.List(over, conditions.Few))
	}
	c.tell(ctx, n, reservedInUse, no)
}

// tellUnseen says what of the VPC cannot be read. Everything goes on without it:
// a manager that was upgraded may lack a right that it did not need before.
func (c *Controller) tellUnseen(ctx context.Context, n *v1alpha1.Network, unseen []cloud.Unseen) {
	c.Metrics.unseen.WithLabelValues(n.Name).Set(float64(len(unseen)))
	var no *conditions.Refusal
	if len(unseen) > 0 {
		var texts []string
		for _, u := range unseen {
			texts = append(texts, survey.CannotSee(u))
		}
		no = conditions.Refuse(string(unseen[0].Err.Reason),
			"parts of the VPC cannot be read: %s; until they can, blocks in use there count as free and may be carved, which diverts their traffic: add them to the Network's reserved",
			conditions.List(texts, conditions.Few))
	}
	c.tell(ctx, n, routesUnseen, no)
}
