package ranges

import (
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// A change of the VPC whose outcome is unknown may still be made a while
// later. Until that is over its request is compared with the VPC at each
// reconcile, so that what comes is found by its mark, and does not go, as
// nobody would look for it then.

// doubt notes that a range of the request may still come to be.
func (c *Controller) doubt(r *v1alpha1.RangeRequest) {
	c.of(r).doubt = c.Now().Add(c.Doubt)
}

// doubted returns until when one may; it is zero where none does.
func (c *Controller) doubted(r *v1alpha1.RangeRequest) time.Time {
	if until := c.of(r).doubt; c.Now().Before(until) {
		return until
	}
	return time.Time{}
}

// seen notes that the request has what it should have by a reading of the VPC
// that began then, and returns when to read again.
func (c *Controller) seen(r *v1alpha1.RangeRequest, began time.Time) (again time.Duration) {
	m := c.of(r)
	m.verified = c.Now()
	if began.Before(m.doubt) {
		return max(m.doubt.Sub(c.Now()), time.Millisecond)
	}
	m.doubt = time.Time{}
	return verifyPeriod
}

// lookAgain has the request compared with the VPC at the next reconcile.
func (c *Controller) lookAgain(r *v1alpha1.RangeRequest) {
	c.of(r).verified = time.Time{}
}

// settles refuses to let a request go while a range of it may still come to be.
func (c *Controller) settles(r *v1alpha1.RangeRequest) *conditions.Refusal {
	until := c.doubted(r)
	if until.IsZero() {
		return nil
	}
	return wait(min(carve.RetrySoon, max(until.Sub(c.Now()), time.Millisecond)),
		"deletion waits: the outcome of creating a range is unknown; it may still appear until %s", until.UTC().Format(time.TimeOnly))
}
