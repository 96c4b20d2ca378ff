package ranges

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// leads refuses where this manager does not lead any more.
func (c *Controller) leads(ctx context.Context) *conditions.Refusal {
	if c.StillLeads == nil {
		return nil
	}
	if err := c.StillLeads(ctx); err != nil {
		return wait(carve.RetrySoon, "%v", err)
	}
	return nil
}

// apply does one step, which is claimed if it makes anything, and notes in the
// status that it is done.
func (c *Controller) apply(ctx context.Context, r *v1alpha1.RangeRequest, step carve.Step, vpc cloud.VPC) (no *conditions.Refusal, conflict bool) {
	if err := c.addFinalizer(ctx, r); err != nil {
		return fromWrite("adding the finalizer to RangeRequest "+r.Name, err), false
	}
	if step.Create {
		if no := c.leads(ctx); no != nil {
			return no, false
		}
		log.FromContext(ctx).Info("creating a range", "range", step.Range.Name, "subnet", step.Range.Subnet, "prefix", step.Range.Prefix, "why", step.Why)
		if err := c.create(ctx, r, step.Range, vpc); err != nil {
			if cloud.Is(err, cloud.OutcomeUnknown) {
				c.doubt(r)
			}
			no, conflict := conditions.FromCloud(err), cloud.Is(err, cloud.Conflict)
			if conflict {
				c.bar(r, step.Range.Prefix, step.Chosen, no)
			}
			return no, conflict && step.Chosen
		}
	}
	switch g := r.Status.Range(step.Range.Prefix); {
	case g == nil || g.Claimed() || step.Adopted && g.Name != step.Range.Name:
		c.announce(r, step, vpc.Traits)
	case step.Create:
		c.Metrics.changed(r.Name, v1alpha1.ReasonRangeRestored)
		c.Events.Eventf(r, nil, corev1.EventTypeWarning, v1alpha1.ReasonRangeRestored, "GrantRange",
			"%s had been removed from the VPC by another party and was recreated; in the meantime nothing could be allocated from it", words(r, step.Range, vpc.Traits))
	}
	step.Record(r, v1alpha1.RangeGranted)
	return nil, false
}

func (c *Controller) create(ctx context.Context, r *v1alpha1.RangeRequest, at cloud.Range, vpc cloud.VPC) error {
	defer c.Space.Changed(vpc.Place)
	if r.Spec.Purpose == v1alpha1.Proxy {
		return vpc.Proxies.Ensure(ctx, cloud.ProxySubnet{Name: at.Name, Prefix: at.Prefix, Description: c.owner(r).Description()})
	}
	return vpc.Ranges.Create(ctx, at)
}

// takeOut removes what carries the mark of a request from the VPC.
func (c *Controller) takeOut(ctx context.Context, mine cloud.Marked, vpc cloud.VPC) error {
	defer c.Space.Changed(vpc.Place)
	return vpc.Remove(ctx, mine)
}

func (c *Controller) owner(r *v1alpha1.RangeRequest) cloud.Owner {
	return cloud.Owner{ClusterID: c.ClusterID, Kind: carve.OwnerKind, Name: r.Name}
}

// announce is true for a range that the request did not have.
func (c *Controller) announce(r *v1alpha1.RangeRequest, step carve.Step, t cloud.Traits) {
	switch {
	case step.Adopted:
		c.Metrics.changed(r.Name, v1alpha1.ReasonAdopted)
		c.Events.Eventf(r, nil, corev1.EventTypeNormal, v1alpha1.ReasonAdopted, "GrantRange",
			"%s existed before the request: it is adopted, and never deleted", words(r, step.Range, t))
	case step.Grown:
		c.Metrics.changed(r.Name, v1alpha1.ReasonGrown)
		c.Events.Eventf(r, nil, corev1.EventTypeNormal, v1alpha1.ReasonGrown, "GrowRange",
			"added range %s in %s: %s", step.Range.Prefix, carve.Place(step.Range.Subnet), step.Why)
	default:
		c.Metrics.changed(r.Name, v1alpha1.ReasonReady)
	}
}

// addFinalizer keeps the request until its ranges are gone; it is there
// before the cloud is asked for the first.
func (c *Controller) addFinalizer(ctx context.Context, r *v1alpha1.RangeRequest) error {
	if controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer) {
		return nil
	}
	patched := r.DeepCopy()
	controllerutil.AddFinalizer(patched, v1alpha1.Finalizer)
	err := c.Client.Patch(ctx, patched, client.MergeFromWithOptions(r, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return err
	}
	r.ResourceVersion, r.Finalizers = patched.ResourceVersion, patched.Finalizers
	return nil
}
