package ranges

import (
	"cmp"
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// pace keeps a request whose growth was refused from being tried at every
// count: until then, unless the request or its Network changes.
type pace struct {
	until            time.Time
	request, network int64 // generations
}

// grow carves what growth calls for, reclaims what it no longer needs, and
// says what it cannot do. It returns when to look again.
func (c *Controller) grow(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, u carve.Use, all []v1alpha1.RangeRequest) time.Duration {
	again := c.leave(ctx, r, p)
	if r.Spec.Growth == nil {
		meta.RemoveStatusCondition(&r.Status.Conditions, v1alpha1.ConditionGrowthLimited)
		return again
	}
	now := c.Now()
	g := carve.Grow(carve.GrowthInput{Request: r, Use: u, Demand: p.demand(r), Others: all, Now: now})
	markEmpty(r, g.Empty)
	if g.Next > 0 {
		again = min(again, g.Next)
	}
	if g.Leave != "" {
		c.markLeaving(ctx, r, g)
		again = min(again, leavePause)
	}
	if left := c.pausedFor(ctx, r, now); len(g.Carve) > 0 && left > 0 {
		return min(again, left) // the condition says why already
	}
	no, goesOn := c.carveAll(ctx, r, p, g)
	if no == nil {
		c.limited(ctx, r, nil)
		return again
	}
	if !goesOn {
		c.limited(ctx, r, no)
		if len(g.Carve) > 0 {
			c.pause(ctx, r, now.Add(retryAfter(no)))
		}
	}
	return min(again, retryAfter(no))
}

// carveAll carves what growth calls for, and makes subnets where it finds these
// ones full. GoesOn is true if the refusal is no limit: somebody else wrote the
// request, or a step of several was done.
func (c *Controller) carveAll(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, g carve.Growth) (no *conditions.Refusal, goesOn bool) {
	no = g.Limited
	var full []string
	for _, f := range g.Carve {
		refused := c.carveFurther(ctx, r, p, f)
		if refused != nil && refused.Conflict {
			return refused, true
		}
		if refused != nil && refused.Reason == v1alpha1.ReasonNoSpace {
			full = append(full, f.Subnet)
		}
		no = cmp.Or(no, refused)
	}
	if len(full) == 0 || r.Spec.NewSubnets == nil {
		return no, false
	}
	if more := c.moreSpace(ctx, r, full); more != nil {
		return more, more.Quiet || more.Conflict
	}
	return elsewhere(r, no), false
}

// carveFurther carves one more range, elsewhere where somebody else took its
// place meanwhile, or is about to.
func (c *Controller) carveFurther(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, f carve.Further) *conditions.Refusal {
	return aroundOthers(func() (*conditions.Refusal, bool) {
		in, vpc, no := c.observe(ctx, r)
		if no != nil {
			return no, false
		}
		r.Status.Refused = carve.Unexplained(in)
		step, no := carve.PlanFurther(in, f)
		if no != nil {
			return no, false
		}
		if no := c.claim(ctx, r, step); no != nil {
			return no, false
		}
		no, conflict := c.apply(ctx, r, step, vpc)
		if no != nil {
			c.unclaim(r)
			return no, conflict
		}
		return p.ensure(ctx, r, r.Status.Range(step.Range.Prefix)), false
	})
}

var growthLimited = conditions.Problem{Type: v1alpha1.ConditionGrowthLimited, Well: v1alpha1.ReasonRoomLeft, None: "nothing limits growth"}

// limited says whether growth is held up, and by what.
func (c *Controller) limited(ctx context.Context, r *v1alpha1.RangeRequest, no *conditions.Refusal) {
	if no != nil && no.Conflict {
		return
	}
	if growthLimited.State(&r.Status.Conditions, r, no) {
		c.Metrics.failed(r.Name, no.Reason)
		c.warn(ctx, r, no, "GrowRange")
	}
}

func (c *Controller) pausedFor(ctx context.Context, r *v1alpha1.RangeRequest, now time.Time) time.Duration {
	network := c.generation(ctx, r)
	p := c.of(r).pace
	if p.request != r.Generation || p.network != network {
		return 0
	}
	return max(0, p.until.Sub(now))
}

func (c *Controller) pause(ctx context.Context, r *v1alpha1.RangeRequest, until time.Time) {
	network := c.generation(ctx, r)
	c.of(r).pace = pace{until: until, request: r.Generation, network: network}
}

// generation is that of the request's Network, as the cache has it.
func (c *Controller) generation(ctx context.Context, r *v1alpha1.RangeRequest) int64 {
	n := &v1alpha1.Network{}
	if err := c.Client.Get(ctx, client.ObjectKey{Name: r.NetworkName()}, n); err != nil {
		return 0
	}
	return n.Generation
}
