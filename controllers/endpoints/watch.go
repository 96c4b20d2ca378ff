package endpoints

import (
	"context"
	"reflect"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// concerns says which EndpointGroups an object concerns: those of a namespace
// that pass.
type concerns func(o client.Object) (namespace string, passes func(*v1alpha1.EndpointGroup) bool)

// ofService are the EndpointGroups of the Service that an object names.
func ofService(name func(client.Object) string) concerns {
	return func(o client.Object) (string, func(*v1alpha1.EndpointGroup) bool) {
		return o.GetNamespace(), func(g *v1alpha1.EndpointGroup) bool { return g.Spec.ServiceName == name(o) }
	}
}

func serviceOfSlice(o client.Object) string { return o.GetLabels()[discoveryv1.LabelServiceName] }

// ofNamespace are all of a Namespace.
func ofNamespace(o client.Object) (string, func(*v1alpha1.EndpointGroup) bool) {
	return o.GetName(), func(*v1alpha1.EndpointGroup) bool { return true }
}

// gathered brings EndpointGroups to the queue a little after the first of
// several changes.
func (c *Controller) gathered(of concerns) handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { c.enqueue(ctx, q, of, e.Object) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			c.enqueue(ctx, q, of, e.ObjectNew, e.ObjectOld)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { c.enqueue(ctx, q, of, e.Object) },
	}
}

// enqueue brings those to the queue that an object concerns, as it is or as it
// was: a slice may have been another Service's.
func (c *Controller) enqueue(ctx context.Context, q queue, of concerns, is client.Object, was ...client.Object) {
	namespace, passes := of(is)
	before := passes
	if len(was) > 0 {
		_, before = of(was[0])
	}
	var all v1alpha1.EndpointGroupList
	if err := c.Client.List(ctx, &all, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "listing EndpointGroups")
		return
	}
	for i := range all.Items {
		if passes(&all.Items[i]) || before(&all.Items[i]) {
			q.AddAfter(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])}, c.Gather)
		}
	}
}

// changed lets through all but our own words about an EndpointGroup.
var changed = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	a, b := e.ObjectOld, e.ObjectNew
	return a.GetGeneration() != b.GetGeneration() || !reflect.DeepEqual(a.GetFinalizers(), b.GetFinalizers()) || a.GetDeletionTimestamp().IsZero() != b.GetDeletionTimestamp().IsZero()
}}
