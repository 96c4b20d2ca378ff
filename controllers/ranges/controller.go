// Package ranges grants RangeRequests: it carves their ranges out of the
// supernets around everything that is in use, creates them in the VPC, and
// says in their status how full they are.
//
// One worker carves, so that two requests of one cluster never want the same
// block; between clusters the cloud's refusal decides, and the loser reads
// again and carves elsewhere.
package ranges

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
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

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Config is what the controller needs.
type Config struct {
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Nodes gives the Nodes of the cache, which must not be changed.
	Nodes func() []*corev1.Node
	// OpenVPC gives the cloud of a Network.
	OpenVPC   func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	ClusterID string
	// Services is the cluster's side of purpose Services; it may be nil.
	Services Services
	Events   events.EventRecorder
	Metrics  *Metrics
	// Verify is how often a granted range is looked for in the VPC when
	// nothing calls for it; 10 minutes by default.
	Verify time.Duration
	// Count is how often the utilisation is counted while Nodes change; 2
	// seconds by default.
	Count time.Duration
}

// Controller is the ranges controller.
type Controller struct {
	Config

	mu       sync.Mutex
	verified map[types.UID]time.Time
	nodes    atomic.Bool // Nodes changed since the last count
}

// New makes the controller.
func New(cfg Config) *Controller {
	if cfg.Verify == 0 {
		cfg.Verify = 10 * time.Minute
	}
	if cfg.Count == 0 {
		cfg.Count = 2 * time.Second
	}
	return &Controller{Config: cfg, verified: map[types.UID]time.Time{}}
}

// Setup adds the controller to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	changed := handler.Funcs{
		CreateFunc: func(context.Context, event.CreateEvent, queue) { c.nodes.Store(true) },
		UpdateFunc: func(context.Context, event.UpdateEvent, queue) { c.nodes.Store(true) },
		DeleteFunc: func(context.Context, event.DeleteEvent, queue) { c.nodes.Store(true) },
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("ranges").
		For(&v1alpha1.RangeRequest{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Network{}, handler.EnqueueRequestsFromMapFunc(c.ofNetwork)).
		Watches(&corev1.Node{}, changed).
		WatchesRawSource(counter{c}).
		Complete(c)
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// counter brings every request to the queue from time to time while Nodes
// change, however many do.
type counter struct{ c *Controller }

func (s counter) Start(ctx context.Context, q queue) error {
	go func() {
		ticker := time.NewTicker(s.c.Count)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if s.c.nodes.Swap(false) {
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
		c.nodes.Store(true) // the next tick tries again
		return nil
	}
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKey{Name: list.Items[i].Name}})
	}
	return out
}

func (c *Controller) ofNetwork(ctx context.Context, o client.Object) (out []reconcile.Request) {
	var list v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &list); err != nil {
		return nil
	}
	for i := range list.Items {
		if list.Items[i].NetworkName() == o.GetName() {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKey{Name: list.Items[i].Name}})
		}
	}
	return out
}

// Reconcile grants one request, or takes it back, and counts its use.
func (c *Controller) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	r := &v1alpha1.RangeRequest{}
	if err := c.Live.Get(ctx, req.NamespacedName, r); err != nil {
		if client.IgnoreNotFound(err) == nil {
			c.Metrics.forget(req.Name)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	before := r.DeepCopy()
	use := c.use(ctx, r)
	var again time.Duration
	switch {
	case !r.DeletionTimestamp.IsZero():
		done, delay := c.remove(ctx, r, use)
		if done {
			c.Metrics.forget(r.Name)
			return reconcile.Result{}, nil
		}
		again = delay
	case c.due(r, use):
		again = c.grant(ctx, r)
	case use.RangeMissing:
		again = missingPause
	default:
		again = c.Verify
	}
	r.Status.ObservedGeneration = r.Generation
	c.report(r, use)
	if reflect.DeepEqual(before.Status, r.Status) {
		return reconcile.Result{RequeueAfter: again}, nil
	}
	if err := c.Client.Status().Patch(ctx, r, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("writing the status of RangeRequest %s: %w", r.Name, err)
	}
	return reconcile.Result{RequeueAfter: again}, nil
}
