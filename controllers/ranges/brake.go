package ranges

import (
	"context"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/brake"
)

// Owners counts the requests to which something in the VPC, or a ServiceCIDR,
// belongs: those that are there, and those that are gone and whose things are to
// be swept. It is pure.
func Owners(s cloud.Snapshot, clusterID string, orphans []Orphan, blocks []ServiceBlock, requests []v1alpha1.RangeRequest) brake.Count {
	count := brake.Count{Kind: ownerKind}
	for _, r := range requests {
		owner := cloud.Owner{ClusterID: clusterID, Kind: ownerKind, Name: r.Name}
		if slices.ContainsFunc(s.Occupied, func(o cloud.Occupied) bool { return o.Mark.Of(owner) }) ||
			slices.ContainsFunc(blocks, func(b ServiceBlock) bool { return b.Request == r.Name }) {
			count.Living++
		}
	}
	gone := func(name string) {
		if name != "" && !slices.Contains(count.Gone, name) && !slices.ContainsFunc(requests, func(r v1alpha1.RangeRequest) bool { return r.Name == name }) {
			count.Gone = append(count.Gone, name)
		}
	}
	for _, o := range orphans {
		gone(o.Request)
	}
	for _, b := range blocks {
		gone(b.Request)
	}
	return count
}

// held tells whether so many requests vanished together that nothing of theirs
// is swept until a person confirms it, on any Network of the VPC.
func (c *Controller) held(ctx context.Context, n *v1alpha1.Network, s cloud.Snapshot, orphans []Orphan, requests []v1alpha1.RangeRequest) (bool, error) {
	var blocks []ServiceBlock
	if c.Services != nil {
		var err error
		if blocks, err = c.Services.Occupied(ctx); err != nil {
			blocks = nil // an API server without any; or the sweep of these fails likewise
		}
	}
	beside, no := c.beside(ctx, n)
	if no != nil {
		return true, errors.New(no.Text)
	}
	annotations, elsewhere := []map[string]string{n.Annotations}, false
	for i := range beside {
		annotations = append(annotations, beside[i].Annotations)
		elsewhere = elsewhere || meta.IsStatusConditionTrue(beside[i].Status.Conditions, v1alpha1.ConditionRangeRemovalHeld)
	}
	had := meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionRangeRemovalHeld)
	is := brake.Decide(Owners(s, c.ClusterID, orphans, blocks, requests), had, brake.Confirmed(ownerKind, annotations...))
	if _, has := n.Annotations[brake.Annotation(ownerKind)]; has && is.Spent && !elsewhere { // else it is for what another Network holds
		before := n.DeepCopy()
		delete(n.Annotations, brake.Annotation(ownerKind))
		if err := c.Client.Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return false, client.IgnoreNotFound(err)
		}
	}
	return is.Held, c.tellHeld(ctx, n, is)
}

// tellHeld keeps the condition. It is there from the first time on.
func (c *Controller) tellHeld(ctx context.Context, n *v1alpha1.Network, is brake.Decision) error {
	had := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionRangeRemovalHeld)
	cond := metav1.Condition{Type: v1alpha1.ConditionRangeRemovalHeld, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "no removal is held", ObservedGeneration: n.Generation}
	if had == nil && !is.Held {
		return nil
	}
	if is.Held {
		cond.Status, cond.Reason, cond.Message = metav1.ConditionTrue, v1alpha1.ReasonMassRemoval, is.Why
		c.Metrics.failed("", cond.Reason)
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info("nothing of requests that are gone is removed", "why", is.Why)
			c.Events.Eventf(n, nil, corev1.EventTypeWarning, cond.Reason, "SweepRange", "%s", cond.Message)
		}
	}
	before := n.DeepCopy()
	if !meta.SetStatusCondition(&n.Status.Conditions, cond) {
		return nil
	}
	err := c.Client.Status().Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) {
		return nil // the next sweep says it
	}
	return client.IgnoreNotFound(err)
}
