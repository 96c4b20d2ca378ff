package endpoints

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// retryWatch is how long until the API server is asked again for what it did
// not have.
const retryWatch = 10 * time.Second

// Setup adds the queue of EndpointGroups to a manager, as soon as all that it
// watches can be read: a queue that waits for a cache in vain would end the
// manager, and all that it does for Nodes.
func (c *Controller) Setup(mgr manager.Manager) error {
	ctx, cancel := context.WithTimeout(context.Background(), retryWatch)
	defer cancel()
	if c.readable(ctx) == nil {
		return c.start(mgr)
	}
	return mgr.Add(manager.RunnableFunc(func(ctx context.Context) error { return c.startLater(ctx, mgr) }))
}

// startLater asks until all can be read, and logs what is missing each time.
func (c *Controller) startLater(ctx context.Context, mgr manager.Manager) error {
	for {
		err := c.readable(ctx)
		if err == nil {
			return c.start(mgr)
		}
		log.FromContext(ctx).Error(err, "EndpointGroups are not kept, all else is; it is tried again", "after", retryWatch.String())
		select {
		case <-time.After(retryWatch):
		case <-ctx.Done():
			return nil
		}
	}
}

// readable is nil where all that is watched can be read; the error says what to
// do.
func (c *Controller) readable(ctx context.Context) error {
	for _, list := range []client.ObjectList{&v1alpha1.EndpointGroupList{}, &discoveryv1.EndpointSliceList{}, &corev1.PodList{}} {
		err := c.Live.List(ctx, list, client.Limit(1))
		switch {
		case err == nil:
		case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
			return fmt.Errorf("listing for --endpoint-groups: %w; install the CRDs of deploy/crds", err)
		default:
			return conditions.FromAPI(fmt.Sprintf("listing for --endpoint-groups: %T", list), err)
		}
	}
	return nil
}

// start registers EndpointGroups with the engine, and adds their queue.
func (c *Controller) start(mgr manager.Manager) error {
	c.Engine.Register(c)
	return ctrl.NewControllerManagedBy(mgr).
		Named("endpointgroup").
		For(&v1alpha1.EndpointGroup{}, builder.WithPredicates(changed)).
		Watches(&discoveryv1.EndpointSlice{}, c.gathered(ofService(serviceOfSlice))).
		Watches(&corev1.Service{}, c.gathered(ofService(client.Object.GetName)), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Node{}, c.afterNodes(), builder.WithPredicates(nodeChanged)).
		WatchesRawSource(source.Channel(c.again, &handler.TypedEnqueueRequestForObject[*v1alpha1.EndpointGroup]{})).
		WatchesRawSource(source.Channel(c.Pods.Came(), handler.TypedFuncs[*corev1.Namespace, reconcile.Request]{
			GenericFunc: func(ctx context.Context, _ event.TypedGenericEvent[*corev1.Namespace], q queue) {
				for _, namespace := range c.Pods.TakeNews() {
					c.enqueue(ctx, q, ofNamespace, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
				}
			},
		})).
		WithOptions(controller.Options{MaxConcurrentReconciles: c.Workers}).
		Complete(reconcile.Func(c.reconcile))
}
