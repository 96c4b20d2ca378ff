package node

import (
	"context"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// Setup adds the controller to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &corev1.Node{}, indexPodCIDR, func(o client.Object) []string {
		return podCIDRIndex(o.(*corev1.Node))
	})
	if err != nil {
		return fmt.Errorf("indexing Nodes by their podCIDRs: %w", err)
	}
	err = ctrl.NewControllerManagedBy(mgr).
		Named("node").
		For(&corev1.Node{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: c.hears})).
		Watches(&v1alpha1.RangeRequest{}, c.poke()).
		Watches(&v1alpha1.Network{}, c.poke()).
		WatchesRawSource(source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			c.queue = q
			close(c.queued)
			return nil
		})).
		WithOptions(controller.Options{MaxConcurrentReconciles: c.Workers}).
		Complete(c)
	if err != nil {
		return fmt.Errorf("setting up the node controller: %w", err)
	}
	if err := mgr.Add(standby{c}); err != nil {
		return fmt.Errorf("setting up the standby's restore: %w", err)
	}
	return mgr.Add(leader{c})
}

// hears reports whether an update of a Node is news. A machine that took another's
// name has nothing of what its Node publishes: it is looked at at once.
func (c *Controller) hears(e event.UpdateEvent) bool {
	old, ok := e.ObjectOld.(*corev1.Node)
	now, alsoOK := e.ObjectNew.(*corev1.Node)
	if ok && alsoOK && informer.MachineReplaced(old, now) {
		c.findings.miss(now.UID)
	}
	return informer.NodeChanged(e)
}

// poke has the requests and networks read again when one of them changes.
func (c *Controller) poke() handler.EventHandler {
	poke := c.lookAgain
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{
		CreateFunc:  func(context.Context, event.CreateEvent, queue) { poke() },
		UpdateFunc:  func(context.Context, event.UpdateEvent, queue) { poke() },
		DeleteFunc:  func(context.Context, event.DeleteEvent, queue) { poke() },
		GenericFunc: func(context.Context, event.GenericEvent, queue) { poke() },
	}
}

// Ready is nil once everything there is has been read: by a standby without
// taking anything over.
func (c *Controller) Ready() error {
	if c.findings.catalog() != nil {
		return nil
	}
	return fmt.Errorf("not restored yet: the Nodes, the claims and the interfaces of the cloud are being read")
}

// Waiting returns the Nodes for which there was no room, and where each wants
// it.
func (c *Controller) Waiting() []allocator.Waiter { return c.allocator.Waiters() }

// Look reports whether prefixes are given out of a granted range, and who holds
// one of it: a range may leave the VPC once none are and nobody does. Until all
// is read, somebody may (I8).
func (c *Controller) Look(at netip.Prefix) allocator.Outlook {
	select {
	case <-c.restored:
		return c.allocator.Look(at, c.Now())
	default:
		return allocator.Outlook{Held: "who holds what is still being read", ByNode: true}
	}
}
