package network

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// tellUnseen says what of the VPC cannot be read. Everything goes on without it:
// a manager that was upgraded may lack a right that it did not need before.
func (c *Controller) tellUnseen(ctx context.Context, n *v1alpha1.Network, unseen []cloud.Unseen) {
	c.Metrics.unseen.WithLabelValues(n.Name).Set(float64(len(unseen)))
	f := finding{condition: v1alpha1.ConditionRoutesUnseen, none: "all that the cloud shows of the VPC can be read"}
	var texts []string
	for _, u := range unseen {
		texts = append(texts, survey.CannotSee(u))
	}
	if len(unseen) > 0 {
		f.reason = string(unseen[0].Err.Reason)
		f.message = fmt.Sprintf("not all that may be in use in the VPC can be read: %s; until it is, what is not known of it counts as free and may be carved, which takes its traffic away: put it into the Network's reserved", survey.Named(texts))
	}
	c.tell(ctx, n, len(unseen) > 0, f)
}

// finding is something about a Network that is not as it should be, or was.
type finding struct{ condition, none, reason, message string }

// tell keeps the condition of a finding, which is there from its first time on,
// and says once by an Event, a metric and a line in the log what is new of it.
func (c *Controller) tell(ctx context.Context, n *v1alpha1.Network, found bool, f finding) {
	had := meta.FindStatusCondition(n.Status.Conditions, f.condition)
	cond := metav1.Condition{Type: f.condition, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone, Message: f.none, ObservedGeneration: n.Generation}
	switch {
	case !found && had == nil:
		return
	case found:
		cond.Status, cond.Reason, cond.Message = metav1.ConditionTrue, f.reason, f.message
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info("the Network has "+f.condition, "why", f.message)
			c.Metrics.failed(n.Name, cond.Reason)
			c.Events.Eventf(n, nil, corev1.EventTypeWarning, cond.Reason, "ReadVPC", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&n.Status.Conditions, cond)
}
