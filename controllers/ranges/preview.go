package ranges

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// preview reports what would be done for a request, in the log and by an Event
// where it is news, and does nothing.
func (c *Controller) preview(ctx context.Context, r *v1alpha1.RangeRequest) (again time.Duration) {
	c.began = c.Now().Add(-c.Sweep) // previews come as often as Nodes change
	kind, reason, again := corev1.EventTypeNormal, v1alpha1.ReasonPlanned, verifyPeriod
	lines, no := c.foresee(ctx, r)
	if no != nil {
		kind, reason, again = no.EventType(), no.Reason, retryAfter(no)
		lines = append(lines, no.Text)
	}
	if len(lines) == 0 {
		lines = []string{"nothing to do"}
	}
	text := strings.Join(lines, "; ")
	if m := c.of(r); m.previewed != text {
		m.previewed = text
		log.FromContext(ctx).Info("planned", "reason", reason, "what", text)
		c.Events.Eventf(r, conditions.RelatedText(text), kind, reason, "GrantRange", "%s", text)
	}
	return again
}

// foresee plans a request: a line for each change of the VPC.
func (c *Controller) foresee(ctx context.Context, r *v1alpha1.RangeRequest) (lines []string, no *conditions.Refusal) {
	in, _, no := c.observe(ctx, r)
	if no != nil {
		return nil, no
	}
	if !r.DeletionTimestamp.IsZero() {
		return c.removals(r, in), nil
	}
	steps, _, no := carve.Plan(in)
	for _, s := range steps {
		if s.Create || r.Status.Range(s.Range.Prefix) == nil {
			lines = append(lines, s.String())
		}
	}
	p, unsupported := c.purposeOf(r)
	if no != nil || unsupported != nil {
		return lines, no
	}
	u, no := p.use(ctx, r, in.Others)
	if no != nil {
		return lines, no
	}
	g := carve.Grow(carve.GrowthInput{Request: r, Use: u, Demand: p.demand(r), Others: in.Others, Now: in.Now})
	for _, f := range g.Carve {
		further, refused := carve.PlanFurther(in, f)
		if refused != nil {
			return lines, refused
		}
		lines = append(lines, further.String())
	}
	if g.Leave != "" {
		lines = append(lines, fmt.Sprintf("reclaim %s: %s", g.Leave, g.LeaveWhy))
	}
	return lines, g.Limited
}

// removals are the ranges that go with a request, once nothing uses them.
func (c *Controller) removals(r *v1alpha1.RangeRequest, in carve.Input) (lines []string) {
	if r.Spec.DeletionPolicy == v1alpha1.Retain {
		return nil
	}
	for _, x := range c.rangesOf(r, in.Snapshot) {
		lines = append(lines, "remove "+words(r, x.Range, in.Snapshot.Traits)+", once nothing uses it")
	}
	return lines
}
