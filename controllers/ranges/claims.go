package ranges

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// A range is claimed in the status before the cloud is asked for it, as a
// prefix is in the ledger: so nothing of ours comes to be that no object names,
// however a manager ends. A claim is occupied for every carving, and nothing is
// given out of it. Whoever reconciles the request next asks for the same range
// again, under the same name, and knows whether it was made; one that the
// cloud refuses is dropped.

// record writes the status where it differs from what is stored. The lock makes
// sure that nobody decided by another status meanwhile.
func (c *Controller) record(ctx context.Context, r *v1alpha1.RangeRequest) error {
	if reflect.DeepEqual(c.stored.Status, r.Status) {
		return nil
	}
	c.stored.ResourceVersion, c.stored.Finalizers = r.ResourceVersion, r.Finalizers
	written := r.DeepCopy()
	// Others write conditions too, and a patch carries them all.
	err := c.Client.Status().Patch(ctx, written, client.MergeFromWithOptions(c.stored, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return err
	}
	r.ResourceVersion = written.ResourceVersion
	c.stored = r.DeepCopy()
	return nil
}

// claim notes the ranges of the steps that something is made for, in one
// write, before the first of them is.
func (c *Controller) claim(ctx context.Context, r *v1alpha1.RangeRequest, steps ...carve.Step) *conditions.Refusal {
	before := len(r.Status.Ranges)
	for _, s := range steps {
		if r.Status.Range(s.Range.Prefix) == nil && s.Makes(r) {
			s.Record(r, v1alpha1.RangeClaimed)
		}
	}
	if len(r.Status.Ranges) == before {
		return nil
	}
	no := c.name(ctx, r, "claiming ranges")
	if no != nil {
		r.Status.Ranges = r.Status.Ranges[:before]
	}
	return no
}

// name records what is about to be asked for.
func (c *Controller) name(ctx context.Context, r *v1alpha1.RangeRequest, act string) *conditions.Refusal {
	if err := c.addFinalizer(ctx, r); err != nil {
		return fromWrite("adding the finalizer to RangeRequest "+r.Name, err)
	}
	err := c.record(ctx, r)
	if err == nil {
		return nil
	}
	return fromWrite(act+" in the status of RangeRequest "+r.Name, err)
}

// unclaim drops what was claimed and will not come to be, after a refusal. While
// a change may still be under way, all stays claimed.
func (c *Controller) unclaim(r *v1alpha1.RangeRequest) {
	if c.doubted(r).IsZero() {
		r.Status.Ranges = slices.DeleteFunc(r.Status.Ranges, v1alpha1.GrantedRange.Claimed)
	}
}

// dropClaims drops the claims alone that this reconcile has dropped, where its
// status cannot be written since somebody edited or deleted the request
// meanwhile: what is known of them now nobody could tell later, and they would
// keep their blocks from everybody as long as a change may take to come.
func (c *Controller) dropClaims(ctx context.Context, r *v1alpha1.RangeRequest) error {
	var dropped []string
	for _, g := range c.stored.Status.Ranges {
		if p, ok := g.Prefix(); ok && g.Claimed() && r.Status.Range(p) == nil {
			dropped = append(dropped, g.CIDR)
		}
	}
	if len(dropped) == 0 {
		return nil
	}
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		live := &v1alpha1.RangeRequest{}
		if err := c.Live.Get(ctx, client.ObjectKeyFromObject(r), live); err != nil || live.UID != r.UID {
			return client.IgnoreNotFound(err)
		}
		before := live.DeepCopy()
		live.Status.Ranges = slices.DeleteFunc(live.Status.Ranges, func(g v1alpha1.GrantedRange) bool {
			return g.Claimed() && slices.Contains(dropped, g.CIDR)
		})
		return c.Client.Status().Patch(ctx, live, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("dropping what RangeRequest %s had claimed: %w", r.Name, err)
	}
	return nil
}

func hasClaims(r *v1alpha1.RangeRequest) bool {
	return slices.ContainsFunc(r.Status.Ranges, v1alpha1.GrantedRange.Claimed)
}

// settleClaims brings the claims that an earlier reconcile left up to what the
// VPC shows. It was cut short after it wrote them, so what it asked for may
// still be under way.
func (c *Controller) settleClaims(r *v1alpha1.RangeRequest, in carve.Input) {
	made, lapsed := carve.JudgeClaims(in)
	for i := range r.Status.Ranges {
		if g := &r.Status.Ranges[i]; slices.Contains(made, g.CIDR) {
			g.State = v1alpha1.RangeGranted
		}
	}
	r.Status.Ranges = slices.DeleteFunc(r.Status.Ranges, func(g v1alpha1.GrantedRange) bool { return slices.Contains(lapsed, g.CIDR) })
	if hasClaims(r) {
		if c.of(r).doubt.IsZero() { // nothing is known of the time it was asked for
			c.doubt(r)
		}
		c.unclaim(r)
	}
}
