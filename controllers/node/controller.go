// Package node allocates every Node's CIDR: it picks a prefix out of the ranges of
// the RangeRequest that selects the Node, claims it durably, attaches it to the
// interface of the Node's instance, and only then publishes it in
// Node.spec.podCIDRs. When the Node is gone it detaches the prefix, quarantines
// it, and releases it for another.
//
// A reconcile never waits for the cloud to finish: an operation that the
// cloud has accepted is watched beside the queue, and its Node comes back when
// it is done. So a slow or broken instance holds nobody up.
package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/inflight"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
	"github.com/vpcnative/vpcnative/controllers/node/release"
	"github.com/vpcnative/vpcnative/controllers/node/rival"
	"github.com/vpcnative/vpcnative/controllers/vpc"
)

// Config is what the controller needs. Times of zero take their defaults.
type Config struct {
	// Client reads from the cache.
	Client client.Client
	// Nodes returns the cache's own Nodes, which must not be changed: Client
	// would copy each, which is most of the memory that a large cluster takes.
	Nodes func() []*corev1.Node
	// Live reads from the API server.
	Live client.Reader
	// Writer writes Nodes.
	Writer nodestatus.Writer
	// OpenVPC returns the cloud of a Network.
	OpenVPC func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	// Space reads what VPCs hold; by OpenVPC alone where it is nil.
	Space *vpc.Reader
	// Ledger says where the claims are kept.
	Ledger claims.Config
	// StillLeads reads live whether this manager leads; it is asked before a
	// detach, which nothing else guards.
	StillLeads func(context.Context) error
	// Fenced is called when another manager has taken over; the process must
	// stop.
	Fenced func(error)

	Events  events.EventRecorder
	Metrics *Metrics

	// Quarantine is how long a released prefix is not allocated again; 2 minutes
	// by default.
	Quarantine time.Duration
	// DetachGrace is how long the prefix of a deleted Node stays on an
	// instance that lives on, as its kubelet may register again; 30 seconds
	// by default.
	DetachGrace time.Duration
	// Doubt is how long after an unknown outcome the change may still be made
	// behind our back, so that "not there" does not mean "not coming"; 2
	// minutes by default.
	Doubt time.Duration
	// Staleness is how old what the cloud shows of an instance may be. The prefix
	// of a deleted Node is quarantined once two readings this far apart do not
	// show it, and the quarantine ends with a listing of all interfaces that
	// began this much later; 5 seconds by default.
	Staleness time.Duration
	// Resync is how often the interfaces of all instances are read; 10
	// minutes by default.
	Resync time.Duration
	// RivalQuiet is how long a Node waits, after another allocator has set
	// podCIDRs of a Node of the same request, before that allocator counts as
	// gone; 2 minutes by default.
	RivalQuiet time.Duration
	// MaxInFlight is how many changes of interfaces are under way at the same
	// time; 256 by default.
	MaxInFlight int
	// Now is the time; time.Now by default.
	Now func() time.Time
	// Workers is how many Nodes are reconciled at the same time; 160 by default,
	// as most of them wait for the claims ledger or the API server.
	Workers int
}

func (c *Config) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Quarantine, 2*time.Minute)
	def(&c.DetachGrace, 30*time.Second)
	def(&c.Doubt, 2*time.Minute)
	def(&c.Staleness, 5*time.Second)
	def(&c.Resync, 10*time.Minute)
	def(&c.RivalQuiet, 2*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Ledger.Now = c.Now
	if c.Space == nil {
		c.Space = vpc.New(vpc.Config{Open: c.OpenVPC, Now: c.Now})
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 256
	}
	if c.Workers == 0 {
		c.Workers = 160
	}
}

// Controller is the node controller.
type Controller struct {
	Config

	allocator  *allocator.Allocator
	ledger     *claims.Ledger
	findings   findings
	operations *inflight.Operations
	limiter    *inflight.Limiter
	backoff    workqueue.TypedRateLimiter[string]
	queue      workqueue.TypedRateLimitingInterface[reconcile.Request]
	queued     chan struct{} // closed when there is a queue

	unplaced  claims.Records // promised out of ranges that are not open
	rangeless rangeless      // of those
	again     chan struct{}  // asks for another
	restored  chan struct{}  // closed after the first
	leads     chan struct{}  // closed when this manager leads
	releases  *release.Tracker
	brakes    map[cloud.Place]brake.Decision // of the run loop
	unlisted  unlisted
	status    *nodestatus.Reporter
	rivals    *rival.Detector
	drift     drifting
}

// New makes the controller.
func New(cfg Config) *Controller {
	cfg.setDefaults()
	return &Controller{
		Config:     cfg,
		rangeless:  rangeless{},
		allocator:  allocator.New(allocator.Config{Quarantine: cfg.Quarantine, ReadLag: cfg.Staleness}),
		operations: inflight.NewOperations(cfg.Now, cfg.Doubt),
		limiter:    inflight.NewLimiter(cfg.MaxInFlight),
		backoff:    workqueue.NewTypedItemExponentialFailureRateLimiter[string](250*time.Millisecond, time.Minute),
		again:      make(chan struct{}, 1),
		restored:   make(chan struct{}),
		leads:      make(chan struct{}),
		queued:     make(chan struct{}),
		status:     nodestatus.New(nodestatus.Config{Writer: cfg.Writer, Client: cfg.Client, Live: cfg.Live, Events: cfg.Events, Now: cfg.Now}),
		releases:   release.New(cfg.Staleness, cfg.Now),
		unlisted:   unlisted{},
		brakes:     map[cloud.Place]brake.Decision{},
		rivals:     rival.New(cfg.RivalQuiet, cfg.Now),
	}
}

// Reconcile brings one Node, by name, a step on.
func (c *Controller) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	select {
	case <-c.restored: // I8
	case <-ctx.Done():
		return reconcile.Result{}, nil
	}
	node := &corev1.Node{}
	if err := c.Client.Get(ctx, req.NamespacedName, node); apierrors.IsNotFound(err) {
		node = nil
	} else if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading node %s: %w", req.Name, err)
	}
	again := c.retire(ctx, req.Name, node)
	if node == nil {
		c.forget(req.Name)
		return again, nil
	}
	return sooner(again, c.bring(ctx, node)), nil
}

// forget drops all that is remembered of a Node by its name.
func (c *Controller) forget(name string) {
	c.status.Forget(name)
	if len(c.allocator.Left(name, "")) == 0 { // else its prefix is still to be taken back, and the cache may be older than the last reading
		c.rivals.Forget(name)
		c.backoff.Forget(name)
	}
}

// sooner returns the earlier of two returns to the queue.
func sooner(a, b reconcile.Result) reconcile.Result {
	if a.RequeueAfter == 0 || (b.RequeueAfter != 0 && b.RequeueAfter < a.RequeueAfter) {
		return b
	}
	return a
}

// enqueue brings a Node back to the queue.
func (c *Controller) enqueue(name string) {
	c.queue.Add(requestFor(name))
}

func requestFor(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Name: name}}
}

// leavePlace gives up the place that the Node has with the cloud.
func (c *Controller) leavePlace(uid types.UID) {
	for _, name := range c.limiter.Leave(uid) {
		c.enqueue(name)
	}
}

// watch waits for an operation beside the queue and brings the Node back when it
// has ended.
func (c *Controller) watch(ctx context.Context, ifaces cloud.Interfaces, uid types.UID, name string, op cloud.Operation) {
	wait := func(ctx context.Context) error { return ifaces.Wait(ctx, op) }
	c.operations.Watch(ctx, uid, wait, func() { c.leavePlace(uid) }, func() { c.enqueue(name) })
}
