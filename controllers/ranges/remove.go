package ranges

import (
	"cmp"
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// remove takes a deleted request's ranges out of the VPC once nothing uses
// them, and lets the request go. Done is true if it has gone. Use that cannot
// be counted may be any.
func (c *Controller) remove(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, u carve.Use, uncounted *conditions.Refusal) (done bool, again time.Duration) {
	if !controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer) {
		return true, 0
	}
	var no *conditions.Refusal
	switch {
	case uncounted == nil:
		no = c.tryRemove(ctx, r, p, u)
	case p != nil || len(r.Status.Ranges) > 0:
		no = uncounted
	}
	if no != nil && u.RangeMissing && r.Spec.Purpose == v1alpha1.Pods {
		no = cmp.Or(c.putBack(ctx, r), no) // its Nodes need the range as long as they are there
	}
	if no == nil {
		no = c.settles(r)
	}
	if no == nil {
		no = c.letGo(ctx, r)
	}
	if no == nil {
		return true, 0
	}
	if !no.Conflict {
		c.Metrics.failed(r.Name, no.Reason)
		if conditions.Set(&r.Status.Conditions, r, no.Condition(v1alpha1.ConditionReady)) {
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, no.Reason, "RemoveRange", "%s", no.Text)
		}
	}
	return false, retryAfter(no)
}

func (c *Controller) tryRemove(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, u carve.Use) *conditions.Refusal {
	n, vpc, no := c.network(ctx, r)
	if no != nil {
		return no
	}
	if hasClaims(r) {
		if no := c.settleClaimsOfDeleted(ctx, r, n, vpc); no != nil {
			return no
		}
	}
	if no := p.release(ctx, r, u, vpc); no != nil {
		return no
	}
	if no := c.depart(ctx, r, n); no != nil {
		return no
	}
	if r.Spec.DeletionPolicy == v1alpha1.Retain {
		return nil
	}
	snapshot, err := c.Space.Read(ctx, n, c.began)
	if err != nil && !onlyASubnet(snapshot, err) {
		return conditions.FromCloud(err)
	}
	for _, mine := range c.rangesOf(r, snapshot) {
		if no := c.leads(ctx); no != nil {
			return no
		}
		log.FromContext(ctx).Info("removing a range", "range", mine.Name, "subnet", mine.Subnet, "prefix", mine.Prefix)
		err := c.takeOut(ctx, mine, vpc)
		if cloud.Is(err, cloud.Conflict) {
			no := conditions.Refuse(v1alpha1.ReasonInUse, "deletion waits: %v; remove what still uses its addresses", err)
			no.Again = carve.RetrySoon // the node controller may be at it
			return no
		}
		if err != nil {
			return conditions.FromCloud(err)
		}
	}
	return c.removeSpace(ctx, r, snapshot, vpc)
}

// settleClaimsOfDeleted does so before anything is waited for, so that what was
// made is shown as granted meanwhile.
func (c *Controller) settleClaimsOfDeleted(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network, vpc cloud.VPC) *conditions.Refusal {
	in := carve.Input{Request: r, Network: n, ClusterID: c.ClusterID}
	var err error
	if in.Snapshot, err = c.Space.Read(ctx, n, c.began); err != nil && !onlyASubnet(in.Snapshot, err) {
		return conditions.FromCloud(err)
	}
	if c.Services != nil && in.Apart() {
		if in.Services, err = c.Services.Occupied(ctx); err != nil {
			return fromCluster("listing ServiceCIDRs", err)
		}
	}
	c.settleClaims(r, in)
	return nil
}

// putBack makes ranges again that vanished while Nodes use them.
func (c *Controller) putBack(ctx context.Context, r *v1alpha1.RangeRequest) *conditions.Refusal {
	in, vpc, no := c.observe(ctx, r)
	if no != nil {
		return no
	}
	for _, step := range carve.PutBack(in) {
		if no, _ := c.apply(ctx, r, step, vpc); no != nil {
			return no
		}
	}
	return nil
}

// onlyASubnet reports that all was read but a subnet that is gone, and with it
// the ranges it had.
func onlyASubnet(s cloud.Snapshot, err error) bool {
	return cloud.Is(err, cloud.NotFound) && len(s.Occupied) > 0
}

// rangesOf are the ranges and proxy-only subnets that are there and carry the
// request's mark, without the subnets that were made for it.
func (c *Controller) rangesOf(r *v1alpha1.RangeRequest, s cloud.Snapshot) []cloud.Marked {
	return slices.DeleteFunc(carve.MadeFor(s, c.ClusterID, r.Name), func(m cloud.Marked) bool { return m.Zone != "" })
}

func (c *Controller) letGo(ctx context.Context, r *v1alpha1.RangeRequest) *conditions.Refusal {
	patched := r.DeepCopy()
	controllerutil.RemoveFinalizer(patched, v1alpha1.Finalizer)
	err := c.Client.Patch(ctx, patched, client.MergeFromWithOptions(r, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return conditions.FromAPI("removing the finalizer from RangeRequest "+r.Name, err)
	}
	return nil
}
