package network

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// hold puts the finalizer on. Nothing is granted from a Network that does not
// carry it.
func (c *Controller) hold(ctx context.Context, n *v1alpha1.Network) error {
	if controllerutil.ContainsFinalizer(n, v1alpha1.Finalizer) {
		return nil
	}
	held := n.DeepCopy()
	controllerutil.AddFinalizer(held, v1alpha1.Finalizer)
	err := c.Client.Patch(ctx, held, client.MergeFromWithOptions(n, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("adding the finalizer to Network %s: %w", n.Name, err)
	}
	n.ResourceVersion, n.Finalizers = held.ResourceVersion, held.Finalizers
	return nil
}

// letGo takes the finalizer off a deleted Network once no RangeRequest refers
// to it, and says until then which do.
//
// The requests are listed live, after the cache has shown the deletion: who
// grants reads the Network from the same cache, so that a request that is not
// in the list finds the Network being deleted, and is not granted.
func (c *Controller) letGo(ctx context.Context, n *v1alpha1.Network) (reconcile.Result, error) {
	if !controllerutil.ContainsFinalizer(n, v1alpha1.Finalizer) {
		return reconcile.Result{}, nil
	}
	var requests v1alpha1.RangeRequestList
	if err := c.Live.List(ctx, &requests); err != nil {
		return reconcile.Result{}, fmt.Errorf("listing the RangeRequests of Network %s, which is deleted: %w", n.Name, err)
	}
	var users []string
	for _, r := range requests.Items {
		if r.NetworkName() == n.Name {
			users = append(users, r.Name)
		}
	}
	if len(users) > 0 {
		slices.Sort(users)
		return reconcile.Result{RequeueAfter: retryPause}, c.tellInUse(ctx, n, users)
	}
	free := n.DeepCopy()
	controllerutil.RemoveFinalizer(free, v1alpha1.Finalizer)
	err := c.Client.Patch(ctx, free, client.MergeFromWithOptions(n, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("removing the finalizer from Network %s: %w", n.Name, err)
	}
	c.Metrics.forget(n.Name)
	log.FromContext(ctx).Info("no RangeRequest refers to the deleted Network any more; it goes")
	return reconcile.Result{}, nil
}

func (c *Controller) tellInUse(ctx context.Context, n *v1alpha1.Network, users []string) error {
	before := n.DeepCopy()
	c.refuse(ctx, n, conditions.Refuse(v1alpha1.ReasonInUse,
		"deletion waits: %d RangeRequests refer to the Network (%s), and their ranges cannot be removed without it; delete them first",
		len(users), conditions.List(users, conditions.Few)), "DeleteNetwork")
	n.Status.ObservedGeneration = n.Generation
	return client.IgnoreNotFound(conditions.WriteStatus(ctx, c.Client, n, before))
}
