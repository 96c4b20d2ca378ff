// Package loadbalancer is the engine that keeps load balancers for owners of
// any kind: Services today, endpoint groups, Ingresses and Gateways beside
// them. A kind registers ([Kind]) and turns its objects into what is wanted;
// the engine knows owners and clouds, and none of the kinds.
//
// There is one store of what is there for each VPC and region, on which the
// Networks are views. Two queues keep things apart that concern no single
// owner: the nodes, whose coming and going changes what pools hold and no
// balancer; and the Networks, whose load balancing is read in bulk and swept.
package loadbalancer

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Config is what the engine needs.
type Config struct {
	Client client.Client
	// Nodes returns the Nodes of the cache, which must not be changed.
	Nodes func() []*corev1.Node
	// OpenBalancers returns the load balancing of a Network; nil where its cloud
	// has none. It can be compared: another one is of a cloud opened anew.
	OpenBalancers func(context.Context, *v1alpha1.Network) (lb.Balancers, error)
	ClusterID     string
	// DryRun plans, says what would be done, and does nothing.
	DryRun bool
	// StillLeads reads live whether this manager leads; it is asked before
	// every change in the cloud. It may be nil.
	StillLeads func(context.Context) error
	Events     events.EventRecorder
	Metrics    *Metrics
	// Resync is how often all that is there is read; 10 minutes by default.
	Resync time.Duration
	// OrphanGrace is how long what has no owner is left alone; 5 minutes by
	// default.
	OrphanGrace time.Duration
	// AddressHold is how long clients may go by an older address once an
	// owner's status shows a newer one; 5 minutes by default.
	AddressHold time.Duration
	// ReadLag is how long what the cloud shows may be behind; 5 seconds by
	// default.
	ReadLag time.Duration
	// Gather is how long changes of Nodes are gathered; 1 second by default.
	Gather time.Duration
	// Pace is the time between two rounds of changes for one owner, once it has
	// had burst at once; 5 seconds by default.
	Pace time.Duration
	// Again is how long until what went wrong is first tried again; 1 second by
	// default.
	Again time.Duration
	// Now is the time of day; time.Now by default.
	Now func() time.Time
}

// Engine keeps load balancers.
type Engine struct {
	Config
	retry workqueue.TypedRateLimiter[cloud.Owner] // that of nobody is the pools'
	nodes chan event.TypedGenericEvent[*corev1.Node]

	mu        sync.Mutex
	kinds     map[string]Kind
	byNetwork map[string]*View
	turns     map[cloud.Owner]*turn
}

// New makes the engine.
func New(cfg Config) *Engine {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&cfg.Resync, 10 * time.Minute}, {&cfg.OrphanGrace, 5 * time.Minute}, {&cfg.AddressHold, 5 * time.Minute}, {&cfg.Gather, time.Second}, {&cfg.ReadLag, 5 * time.Second}, {&cfg.Pace, 5 * time.Second}, {&cfg.Again, time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Engine{
		Config: cfg, kinds: map[string]Kind{}, byNetwork: map[string]*View{}, turns: map[cloud.Owner]*turn{},
		retry: workqueue.NewTypedItemExponentialFailureRateLimiter[cloud.Owner](cfg.Again, 5*time.Minute),
		nodes: make(chan event.TypedGenericEvent[*corev1.Node], 16),
	}
}

// Setup adds the queues of nodes and Networks to a manager.
func (e *Engine) Setup(mgr manager.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("loadbalancer-nodes").
		Watches(&corev1.Node{}, e.afterGathering(), builder.WithPredicates(nodeChanged)).
		WatchesRawSource(source.Channel(e.nodes, handler.TypedFuncs[*corev1.Node, reconcile.Request]{
			GenericFunc: func(_ context.Context, _ event.TypedGenericEvent[*corev1.Node], q queue) { q.Add(reconcile.Request{}) },
		})).
		Complete(reconcile.Func(e.reconcileNodes))
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("loadbalancer-networks").
		For(&v1alpha1.Network{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(reconcile.Func(e.reconcileNetwork))
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// afterGathering brings whatever changed of Nodes to the queue as one thing, a
// little later.
func (e *Engine) afterGathering() handler.EventHandler {
	later := func(q queue) { q.AddAfter(reconcile.Request{}, e.Gather) }
	return handler.Funcs{
		CreateFunc: func(_ context.Context, _ event.CreateEvent, q queue) { later(q) },
		UpdateFunc: func(_ context.Context, _ event.UpdateEvent, q queue) { later(q) },
		DeleteFunc: func(_ context.Context, _ event.DeleteEvent, q queue) { later(q) },
	}
}

// lookAtPools has the pools compared with the nodes; one such wish is enough.
func (e *Engine) lookAtPools() {
	select {
	case e.nodes <- event.TypedGenericEvent[*corev1.Node]{Object: &corev1.Node{}}:
	default:
	}
}
