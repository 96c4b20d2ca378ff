package ranges

import (
	"context"
	"time"

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

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Setup adds the controller to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	changed := handler.Funcs{
		CreateFunc: func(context.Context, event.CreateEvent, queue) { c.changed.Store(true) },
		UpdateFunc: func(context.Context, event.UpdateEvent, queue) { c.changed.Store(true) },
		DeleteFunc: func(context.Context, event.DeleteEvent, queue) { c.changed.Store(true) },
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("ranges").
		WithOptions(controller.Options{MaxConcurrentReconciles: 1}).
		For(&v1alpha1.RangeRequest{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Network{}, handler.EnqueueRequestsFromMapFunc(c.ofNetwork)).
		Watches(&corev1.Node{}, changed).
		WatchesRawSource(counter{c}).
		WatchesRawSource(c.Space.Changes(func(network string) []reconcile.Request {
			return append(c.all(context.Background()), sweepOf(network))
		})).
		Complete(c)
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// counter brings every request to the queue from time to time while Nodes
// change, however many do.
type counter struct{ c *Controller }

func (s counter) Start(ctx context.Context, q queue) error {
	s.c.queue = q
	go func() {
		ticker := time.NewTicker(countPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if s.c.changed.Swap(false) {
					for _, r := range s.c.all(ctx) {
						q.Add(r)
					}
				}
			}
		}
	}()
	return nil
}

func (c *Controller) all(ctx context.Context) (out []reconcile.Request) {
	var list v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &list); err != nil {
		c.changed.Store(true) // the next tick tries again
		return nil
	}
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKey{Name: list.Items[i].Name}})
	}
	return out
}

// ofNetwork returns every request: what one Network reserves is kept from those of
// the others of its VPC too.
func (c *Controller) ofNetwork(ctx context.Context, o client.Object) []reconcile.Request {
	return append(c.all(ctx), sweepOf(o.GetName()))
}
