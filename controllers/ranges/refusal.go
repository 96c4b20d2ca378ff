package ranges

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// retryAfter is when to look again after a refusal.
func retryAfter(no *conditions.Refusal) time.Duration {
	switch {
	case no.Again > 0:
		return no.Again
	case no.Conflict:
		return conflictPause
	}
	switch cloud.Reason(no.Reason) {
	case cloud.Stale, cloud.OutcomeUnknown, cloud.Throttled, cloud.Unavailable:
		return carve.RetrySoon
	}
	return carve.RetryLater
}

// wait is a refusal that passes by itself.
func wait(again time.Duration, format string, args ...any) *conditions.Refusal {
	no := conditions.Refuse(v1alpha1.ReasonPending, format, args...)
	no.Again, no.Quiet = again, true
	return no
}

// fromCluster turns an error of the cluster's side of Services into a refusal,
// unless it is one.
func fromCluster(act string, err error) *conditions.Refusal {
	if no, ok := errors.AsType[*conditions.Refusal](err); ok {
		return no
	}
	return conditions.FromAPI(act, err)
}

// fromWrite is for writes of an object that was read a while ago: one that is
// gone changed meanwhile too.
func fromWrite(act string, err error) *conditions.Refusal {
	no := conditions.FromAPI(act, err)
	if apierrors.IsNotFound(err) {
		no.Conflict = true
	}
	return no
}

// tell reports a problem of the request in its condition and, where it is news,
// in the log and by an Event.
func (c *Controller) tell(ctx context.Context, r *v1alpha1.RangeRequest, p conditions.Problem, no *conditions.Refusal, action string) (news bool) {
	if no != nil && no.Conflict || !p.Set(&r.Status.Conditions, r, no) {
		return false
	}
	c.warn(ctx, r, no, action)
	return true
}

func (c *Controller) warn(ctx context.Context, r *v1alpha1.RangeRequest, no *conditions.Refusal, action string) {
	log.FromContext(ctx).Info("the request has a problem", "reason", no.Reason, "why", no.Text)
	c.Events.Eventf(r, nil, corev1.EventTypeWarning, no.Reason, action, "%s", no.Text)
}
