// Package service gives Services of type LoadBalancer their load balancers: it
// turns each into what it asks for (package build), has the engine keep that,
// and reports in the Service's status, Events and metrics.
package service

import (
	"context"
	"reflect"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
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

	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// Config is what the controller needs.
type Config struct {
	Engine *loadbalancer.Engine
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// WithoutClass: Services without a class are ours too.
	WithoutClass bool
	Events       events.EventRecorder
	Metrics      *Metrics
	// Workers is how many Services are worked on at a time; 64 by default. Each
	// waits for its own calls, so there are more than could be busy.
	Workers int
}

// Controller is the controller of Services.
type Controller struct {
	Config
	again chan event.TypedGenericEvent[*corev1.Service] // to be planned again

	mu   sync.Mutex
	told map[types.NamespacedName]told
}

// told is what was said of a Service by Events.
type told struct{ notes, plan string }

// New makes the controller, and registers Services with the engine.
func New(cfg Config) *Controller {
	if cfg.Workers == 0 {
		cfg.Workers = 64
	}
	c := &Controller{Config: cfg, told: map[types.NamespacedName]told{}, again: make(chan event.TypedGenericEvent[*corev1.Service], 1024)}
	cfg.Engine.Register(c)
	return c
}

// Setup adds the queue of Services to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("service").
		For(&corev1.Service{}, builder.WithPredicates(changed)).
		Watches(&corev1.Node{}, handler.Funcs{}). // no set is made before all Nodes are known
		WatchesRawSource(source.Channel(c.again, &handler.TypedEnqueueRequestForObject[*corev1.Service]{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: c.Workers}).
		Complete(reconcile.Func(c.reconcile))
}

// changed lets through all but our own words about a Service.
var changed = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*corev1.Service), e.ObjectNew.(*corev1.Service)
		return !reflect.DeepEqual(a.Spec, b.Spec) || !reflect.DeepEqual(a.Annotations, b.Annotations) ||
			!reflect.DeepEqual(a.Finalizers, b.Finalizers) || a.DeletionTimestamp.IsZero() != b.DeletionTimestamp.IsZero() ||
			!reflect.DeepEqual(a.Status.LoadBalancer, b.Status.LoadBalancer)
	},
}

// Kind is that of the owners of what is made for Services.
func (c *Controller) Kind() string { return build.OwnerKind }

// List returns the Services that are or were ours.
func (c *Controller) List(ctx context.Context, live bool) ([]client.Object, error) {
	from := client.Reader(c.Client)
	if live {
		from = c.Live
	}
	var list corev1.ServiceList
	if err := from.List(ctx, &list); err != nil {
		return nil, err
	}
	return build.Concerned(list.Items, c.WithoutClass), nil
}

// Wants is what a Service asks for by a view, in what serves it there.
func (c *Controller) Wants(o client.Object, k *loadbalancer.View) (loadbalancer.Wanted, bool) {
	s, is := o.(*corev1.Service)
	if !is || !build.Ours(s, c.WithoutClass) {
		return loadbalancer.Wanted{}, false
	}
	asked := c.build(s, k)
	_, refused := asked.Refused()
	return asked.Wanted(s), !refused
}

// Enqueue brings Services to their queue.
func (c *Controller) Enqueue(ctx context.Context, keys []types.NamespacedName) {
	for _, k := range keys {
		s := &corev1.Service{}
		s.Namespace, s.Name = k.Namespace, k.Name
		select {
		case c.again <- event.TypedGenericEvent[*corev1.Service]{Object: s}:
		case <-ctx.Done():
			return
		}
	}
}

// build is what a Service asks for by a view.
func (c *Controller) build(s *corev1.Service, k *loadbalancer.View) build.Result {
	id := c.Engine.ClusterID
	return build.Make(s, build.Cluster{ID: id, Cloud: k.Cloud}, k.SchemeOf(build.Owner(id, s.Namespace, s.Name)))
}
