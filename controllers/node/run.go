package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
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
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// Setup adds the controller to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &corev1.Node{}, indexInstance, func(o client.Object) []string {
		return []string{instanceIndex(o.(*corev1.Node).Spec.ProviderID)}
	})
	if err != nil {
		return fmt.Errorf("indexing Nodes by their instance: %w", err)
	}
	err = mgr.GetFieldIndexer().IndexField(context.Background(), &corev1.Node{}, indexIPv6, func(o client.Object) []string {
		return ipv6Of(o.(*corev1.Node))
	})
	if err != nil {
		return fmt.Errorf("indexing Nodes by their IPv6 podCIDR: %w", err)
	}
	err = ctrl.NewControllerManagedBy(mgr).
		Named("node").
		For(&corev1.Node{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: hasNews})).
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

// poke has the requests and networks read again when one of them changes.
func (c *Controller) poke() handler.EventHandler {
	poke := func() {
		select {
		case c.again <- struct{}{}:
		default:
		}
	}
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
	if c.ready.Load() {
		return nil
	}
	return fmt.Errorf("not restored yet: the Nodes, the claims and the interfaces of the cloud are being read")
}

// standby restores read-only, so that a manager that waits for the lease is
// known to be able to.
type standby struct{ c *Controller }

func (standby) NeedLeaderElection() bool { return false }

// standbyAfter is how long a manager hopes to lead before it restores as a
// standby.
const standbyAfter = 3 * time.Second

func (s standby) Start(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.c.leads:
		return nil
	case <-time.After(standbyAfter):
	}
	return until(ctx, "reading what is in use, as a standby", func() error {
		if s.c.ready.Load() {
			return nil
		}
		promised, err := claims.Peek(ctx, s.c.Ledger)
		if err != nil {
			return err
		}
		r, err := s.c.read(ctx, promised)
		if err != nil {
			return err
		}
		if s.c.catalog.CompareAndSwap(nil, r.catalog) {
			log.FromContext(ctx).Info("the standby has read what is in use", "nodes", len(r.alive))
		}
		s.c.ready.Store(true)
		return nil
	})
}

// leader takes the ledger over, restores, and from then on keeps the book.
type leader struct{ c *Controller }

func (leader) NeedLeaderElection() bool { return true }

func (l leader) Start(ctx context.Context) error {
	c := l.c
	close(c.leads)
	var promised claims.Book
	err := until(ctx, "taking over the claims ledger", func() (err error) {
		c.ledger, promised, err = claims.Open(ctx, c.Ledger)
		return err
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	select {
	case <-c.queued: // restoring brings Nodes to it
	case <-ctx.Done():
		return nil
	}
	records := make(chan struct{})
	go func() {
		defer close(records)
		c.ledger.Run(ctx)
	}()
	defer func() { <-records }()
	err = until(ctx, "reading what is in use", func() error { return c.restore(ctx, promised) })
	if err != nil || ctx.Err() != nil {
		return err
	}
	c.ready.Store(true)
	close(c.restored)
	spread := make(chan struct{})
	go func() {
		defer close(spread)
		c.spread(ctx)
	}()
	c.run(ctx)
	<-spread
	return c.flush(ctx)
}

// flushTime bounds the last write of the ledger: an API server that is away
// must not keep a manager from stopping. What is not written then stands as
// an older promise or release, which the next leader settles by looking.
const flushTime = 10 * time.Second

func (c *Controller) flush(ctx context.Context) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	return c.ledger.Flush(last)
}

// tick is how often resting prefixes are offered to Nodes that wait.
const tick = time.Second

// run keeps the book until the manager stops.
func (c *Controller) run(ctx context.Context) {
	ticker, resync := time.NewTicker(tick), time.NewTicker(c.Resync)
	defer ticker.Stop()
	defer resync.Stop()
	failures := 0
	retry := make(<-chan time.Time)
	restore := func() {
		if err := c.restore(ctx, claims.Book{}); err != nil {
			failures++
			log.FromContext(ctx).Error(err, "reading what is in use failed; what was known stays in force")
		} else {
			failures = 0
		}
		if failures > 0 || len(c.catalog.Load().failures) > 0 {
			retry = time.After(min(time.Second<<min(failures, 6), time.Minute))
		}
	}
	if len(c.catalog.Load().failures) > 0 {
		retry = time.After(time.Second)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, h := range c.book.Feed(time.Now()) {
				c.enqueue(h.Node)
			}
			c.call(c.gate.call())
			c.call(c.preparing.call())
			c.callBack(ctx, c.rivals.gone(time.Now()))
			c.lookAgain(ctx)
			c.say(ctx)
			for _, name := range c.reports.overdue(time.Now()) {
				c.enqueue(name)
			}
			c.Metrics.rivals(c.rivals.stopped())
			c.Metrics.observe(c.book.Waiting(), c.ledger.Writes())
		case <-c.again:
			if !c.refresh(ctx) {
				restore()
			}
		case <-retry:
			restore()
		case <-resync.C:
			restore()
		}
	}
}

// refresh takes over requests that changed without changing any pool; it is
// false where everything has to be read again.
func (c *Controller) refresh(ctx context.Context) bool {
	cat, err := c.readCatalog(ctx, c.Client)
	if err != nil {
		return false
	}
	had := c.catalog.Load()
	if len(had.failures) > 0 || len(cat.failures) > 0 || !sameDefinitions(cat.definitions, had.definitions) || len(cat.vpcs) != len(had.vpcs) {
		return false
	}
	same := sameSelection(had.requests, cat.requests)
	c.catalog.Store(cat)
	c.rivals.load(cat.requests, time.Now())
	if same {
		return true
	}
	var nodes corev1.NodeList
	if err := c.Client.List(ctx, &nodes); err != nil {
		return false
	}
	for i := range nodes.Items {
		if len(nodes.Items[i].Spec.PodCIDRs) == 0 {
			c.enqueue(nodes.Items[i].Name)
		}
	}
	return true
}

// until tries until it succeeds or the manager stops; later each time, at
// most every 15 seconds.
func until(ctx context.Context, act string, try func() error) error {
	for delay := 500 * time.Millisecond; ; delay = min(2*delay, 15*time.Second) {
		err := try()
		if err == nil || ctx.Err() != nil {
			return nil
		}
		log.FromContext(ctx).Error(err, act+" failed; trying again", "after", delay)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
	}
}
