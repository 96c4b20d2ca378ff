package ranges

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// markEmpty notes since when grown ranges are empty, so that a restart does
// not begin to count anew.
func markEmpty(r *v1alpha1.RangeRequest, since map[string]time.Time) {
	for i := range r.Status.Ranges {
		g := &r.Status.Ranges[i]
		at, empty := since[g.CIDR]
		switch {
		case !empty:
			g.EmptySince = nil
		case g.EmptySince == nil || !g.EmptySince.Time.Equal(at):
			t := metav1.NewTime(at).Rfc3339Copy()
			g.EmptySince = &t
		}
	}
}

// markLeaving begins to reclaim a range. The mark is in the status before
// anything else happens: the node controller reads it there and gives nothing
// out of the range any more, and whoever leads next goes on from it.
func (c *Controller) markLeaving(ctx context.Context, r *v1alpha1.RangeRequest, g carve.Growth) {
	for i := range r.Status.Ranges {
		if x := &r.Status.Ranges[i]; x.CIDR == g.Leave {
			x.Leaving = true
			log.FromContext(ctx).Info("reclaiming a range", "range", x.Name, "prefix", x.CIDR, "subnet", x.Subnet, "why", g.LeaveWhy)
		}
	}
}

// leave continues with the ranges that are being reclaimed, and returns when to
// look again.
func (c *Controller) leave(ctx context.Context, r *v1alpha1.RangeRequest, p purpose) time.Duration {
	again := verifyPeriod
	var failed *conditions.Refusal
	for _, g := range slices.Clone(r.Status.Ranges) {
		if !g.Leaving {
			continue
		}
		no, stay := c.reclaim(ctx, r, p, g)
		switch {
		case no == nil:
			r.Status.Ranges = slices.DeleteFunc(r.Status.Ranges, func(x v1alpha1.GrantedRange) bool { return x.CIDR == g.CIDR })
			c.Metrics.changed(r.Name, v1alpha1.ReasonReclaimed)
			c.Events.Eventf(r, nil, corev1.EventTypeNormal, v1alpha1.ReasonReclaimed, "ReclaimRange",
				"reclaimed range %s of %s: it was empty", g.CIDR, carve.Place(g.Subnet))
		case stay:
			c.stays(ctx, r, g, no)
		default:
			if !no.Quiet {
				failed = no
			}
			if !no.Quiet && !no.Conflict {
				c.Metrics.failed(r.Name, no.Reason)
			}
			again = min(again, retryAfter(no))
		}
	}
	c.tell(ctx, r, reclaimFailed, failed, "ReclaimRange")
	return again
}

// reclaimFailed is a range that should leave the VPC and does not.
var reclaimFailed = conditions.Problem{Type: v1alpha1.ConditionReclaimFailed, Well: v1alpha1.ReasonNone, None: "no range waits to be reclaimed"}

// stays takes the mark off a range that somebody came to use after all.
// Should an earlier leader be about to remove it, the cloud refuses that while
// an interface carries a prefix of it, and nothing is published before.
func (c *Controller) stays(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange, no *conditions.Refusal) {
	at, _ := g.Prefix()
	if x := r.Status.Range(at); x != nil {
		x.Leaving, x.EmptySince = false, nil
	}
	c.Metrics.failed(r.Name, no.Reason)
	log.FromContext(ctx).Info("the range is not reclaimed", "range", g.Name, "prefix", g.CIDR, "why", no.Text)
	c.Events.Eventf(r, nil, corev1.EventTypeNormal, no.Reason, "ReclaimRange", "%s", no.Text)
}

// reclaim takes one range out of the VPC, once nothing uses it and nothing
// can come to. Stay is true if something does.
func (c *Controller) reclaim(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, g v1alpha1.GrantedRange) (no *conditions.Refusal, stay bool) {
	at, ok := g.Prefix()
	if !ok || g.Adopted || !g.Grown || !cloud.ParseMark(g.Name).Of(c.owner(r)) { // I4
		return inUse(g, "it does not carry this request's ownership mark"), true
	}
	_, vpc, no := c.network(ctx, r)
	if no != nil {
		return no, false
	}
	if no, stay := p.vacate(ctx, r, g, vpc); no != nil {
		return no, stay
	}
	if no := c.leads(ctx); no != nil {
		return no, false
	}
	if g.Subnet == "" {
		return nil, false // it was in the status only
	}
	log.FromContext(ctx).Info("removing a range that was empty", "range", g.Name, "subnet", g.Subnet, "prefix", at)
	err := c.takeOut(ctx, cloud.Marked{Range: cloud.Range{Subnet: g.Subnet, Name: g.Name, Prefix: at}, Proxy: r.Spec.Purpose == v1alpha1.Proxy}, vpc)
	if cloud.Is(err, cloud.Conflict) {
		return inUse(g, err.Error()), true
	}
	if err != nil {
		return conditions.FromCloud(err), false
	}
	return nil, false
}
