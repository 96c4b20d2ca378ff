// Package loadbalancer gives Services of type LoadBalancer their load
// balancers. Three queues keep things apart: Services, each planned by
// itself; the nodes, whose coming and going changes the pools that balancers
// share and no balancer; and the Networks, whose state is read in bulk and
// swept.
package loadbalancer

import (
	"context"
	"reflect"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
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
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Config is what the controller needs.
type Config struct {
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Nodes gives the Nodes of the cache, which must not be changed.
	Nodes func() []*corev1.Node
	// OpenBalancers gives the load balancing of a Network; nil where its cloud
	// has none. It can be compared: another one is of a cloud opened anew.
	OpenBalancers func(context.Context, *v1alpha1.Network) (lb.Balancers, error)
	ClusterID     string
	// WithoutClass: Services without a class are ours too.
	WithoutClass bool
	// DryRun plans, says what would be done, and does nothing.
	DryRun bool
	// StillLeads reads live whether this manager leads; it is asked before
	// every change in the cloud. It may be nil.
	StillLeads func(context.Context) error
	Events     events.EventRecorder
	Metrics    *Metrics
	// Resync is how often all that is there is read; 10 minutes by default.
	Resync time.Duration
	// OrphanGrace is how long what has no Service is left alone; 5 minutes by
	// default.
	OrphanGrace time.Duration
	// AddressHold is how long clients may go by an older address once a
	// Service's status shows a newer one; 5 minutes by default.
	AddressHold time.Duration
	// ReadLag is how long what the cloud shows may be behind; 5 seconds by
	// default.
	ReadLag time.Duration
	// Gather is how long changes of Nodes are gathered; 1 second by default.
	Gather time.Duration
	// Pace is the time between two rounds of changes for one Service, once it
	// has had burst at once; 5 seconds by default.
	Pace time.Duration
	// Again is how long until what went wrong is first tried again; 1 second by
	// default.
	Again time.Duration
	// Workers is how many Services are worked on at a time; 64 by default. Each
	// waits for its own calls, so there are more than could be busy.
	Workers int
	// Now is the time of day; time.Now by default.
	Now func() time.Time
}

// burst is how many rounds of changes a Service gets at once.
const burst = 3

// Controller is the load balancer controller.
type Controller struct {
	Config
	retry    workqueue.TypedRateLimiter[types.NamespacedName]
	services chan event.TypedGenericEvent[*corev1.Service] // to be planned again
	nodes    chan event.TypedGenericEvent[*corev1.Node]    // the pools are to be looked at

	mu        sync.Mutex
	byNetwork map[string]*networkView
	memory    map[types.NamespacedName]*memory
}

// New makes the controller.
func New(cfg Config) *Controller {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&cfg.Resync, 10 * time.Minute}, {&cfg.OrphanGrace, 5 * time.Minute}, {&cfg.AddressHold, 5 * time.Minute}, {&cfg.Gather, time.Second}, {&cfg.ReadLag, 5 * time.Second}, {&cfg.Pace, 5 * time.Second}, {&cfg.Again, time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if cfg.Workers == 0 {
		cfg.Workers = 64
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Controller{
		Config: cfg, byNetwork: map[string]*networkView{}, memory: map[types.NamespacedName]*memory{},
		retry:    workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](cfg.Again, 5*time.Minute),
		services: make(chan event.TypedGenericEvent[*corev1.Service], 1024),
		nodes:    make(chan event.TypedGenericEvent[*corev1.Node], 16),
	}
}

// Setup adds the three queues to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("loadbalancer").
		For(&corev1.Service{}, builder.WithPredicates(serviceChanged)).
		Watches(&corev1.Node{}, handler.Funcs{}). // no set is made before all Nodes are known
		WatchesRawSource(source.Channel(c.services, &handler.TypedEnqueueRequestForObject[*corev1.Service]{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: c.Workers}).
		Complete(reconcile.Func(c.reconcileService))
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(mgr).
		Named("loadbalancer-nodes").
		Watches(&corev1.Node{}, c.afterGathering(), builder.WithPredicates(nodeChanged)).
		WatchesRawSource(source.Channel(c.nodes, handler.TypedFuncs[*corev1.Node, reconcile.Request]{
			GenericFunc: func(_ context.Context, _ event.TypedGenericEvent[*corev1.Node], q queue) { q.Add(reconcile.Request{}) },
		})).
		Complete(reconcile.Func(c.reconcileNodes))
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("loadbalancer-networks").
		For(&v1alpha1.Network{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(reconcile.Func(c.reconcileNetwork))
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// afterGathering brings whatever changed of Nodes to the queue as one thing, a
// little later.
func (c *Controller) afterGathering() handler.EventHandler {
	later := func(q queue) { q.AddAfter(reconcile.Request{}, c.Gather) }
	return handler.Funcs{
		CreateFunc: func(_ context.Context, _ event.CreateEvent, q queue) { later(q) },
		UpdateFunc: func(_ context.Context, _ event.UpdateEvent, q queue) { later(q) },
		DeleteFunc: func(_ context.Context, _ event.DeleteEvent, q queue) { later(q) },
	}
}

// serviceChanged lets through all but our own words about a Service.
var serviceChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*corev1.Service), e.ObjectNew.(*corev1.Service)
		return !reflect.DeepEqual(a.Spec, b.Spec) || !reflect.DeepEqual(a.Annotations, b.Annotations) ||
			!reflect.DeepEqual(a.Finalizers, b.Finalizers) || a.DeletionTimestamp.IsZero() != b.DeletionTimestamp.IsZero() ||
			!reflect.DeepEqual(a.Status.LoadBalancer, b.Status.LoadBalancer)
	},
}

// replan brings Services to their queue.
func (c *Controller) replan(ctx context.Context, keys []types.NamespacedName) {
	for _, k := range keys {
		s := &corev1.Service{}
		s.Namespace, s.Name = k.Namespace, k.Name
		select {
		case c.services <- event.TypedGenericEvent[*corev1.Service]{Object: s}:
		case <-ctx.Done():
			return
		}
	}
}

// lookAtPools has the pools compared with the nodes; one such wish is enough.
func (c *Controller) lookAtPools() {
	select {
	case c.nodes <- event.TypedGenericEvent[*corev1.Node]{Object: &corev1.Node{}}:
	default:
	}
}
