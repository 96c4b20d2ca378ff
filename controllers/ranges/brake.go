package ranges

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// Owners counts the requests to which something in the VPC, or a ServiceCIDR,
// belongs: those that are there, and those that are gone and whose things are to
// be swept. It is pure.
func Owners(s cloud.Snapshot, clusterID string, orphans []carve.Orphan, blocks []carve.ServiceBlock, requests []v1alpha1.RangeRequest) brake.Count {
	count := brake.Count{Kind: carve.OwnerKind}
	for _, r := range requests {
		owner := cloud.Owner{ClusterID: clusterID, Kind: carve.OwnerKind, Name: r.Name}
		if slices.ContainsFunc(s.Occupied, func(o cloud.Occupied) bool { return o.Mark.Of(owner) }) ||
			slices.ContainsFunc(blocks, func(b carve.ServiceBlock) bool { return b.Request == r.Name }) {
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

// held reports whether so many requests vanished together that nothing of theirs
// is swept until a person confirms it, on any Network of the VPC.
func (c *Controller) held(ctx context.Context, n *v1alpha1.Network, s cloud.Snapshot, orphans []carve.Orphan, requests []v1alpha1.RangeRequest) (bool, error) {
	var blocks []carve.ServiceBlock
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
	is := brake.Decide(Owners(s, c.ClusterID, orphans, blocks, requests), had, brake.Confirmed(carve.OwnerKind, annotations...))
	if _, has := n.Annotations[brake.Annotation(carve.OwnerKind)]; has && is.Spent && !elsewhere { // else it is for what another Network holds
		before := n.DeepCopy()
		delete(n.Annotations, brake.Annotation(carve.OwnerKind))
		if err := c.Client.Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return false, client.IgnoreNotFound(err)
		}
	}
	return is.Held, c.tellHeld(ctx, n, is)
}

var removalHeld = conditions.Problem{Type: v1alpha1.ConditionRangeRemovalHeld, Well: v1alpha1.ReasonNone, None: "no removal is held"}

func (c *Controller) tellHeld(ctx context.Context, n *v1alpha1.Network, is brake.Decision) error {
	if !is.Held {
		return c.tellNetwork(ctx, n, removalHeld, nil)
	}
	c.Metrics.failed("", v1alpha1.ReasonMassRemoval)
	return c.tellNetwork(ctx, n, removalHeld, conditions.Refuse(v1alpha1.ReasonMassRemoval, "%s", is.Why))
}
