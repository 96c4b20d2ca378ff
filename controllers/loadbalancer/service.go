package loadbalancer

import (
	"context"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// memory is what is remembered of a Service between its turns.
type memory struct {
	pace *rate.Limiter
	told string // the notes that Events were made of
	said string // what a dry run said last
	// shown are the addresses in the status, and since when.
	shown map[string]time.Time
	// forAdmin is what was refused for want of rights, the last time.
	forAdmin map[lb.Ref]bool
	// lingersSince is since when the cloud keeps about what is to go.
	lingersSince time.Time
	// absent is when the first complete read began that did not show what the
	// status says.
	absent time.Time
}

// wait is how long until the Service may have another round of changes; zero
// starts one.
func (m *memory) wait() time.Duration {
	r := m.pace.Reserve()
	pause := r.Delay()
	if pause > 0 {
		r.Cancel()
	}
	return pause
}

func (c *Controller) remember(key types.NamespacedName) *memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.memory[key]
	if m == nil {
		m = &memory{pace: rate.NewLimiter(rate.Every(c.Pace), burst)}
		c.memory[key] = m
	}
	return m
}

func (c *Controller) forget(key types.NamespacedName) {
	c.mu.Lock()
	delete(c.memory, key)
	c.mu.Unlock()
	for _, k := range c.views() {
		k.use(key, wanted.Selection{}, false)
	}
	c.retry.Forget(key)
	c.Metrics.forget(key)
}

// Ours tells whether the Service is to have a load balancer of ours.
func Ours(s *corev1.Service, withoutClass bool) bool {
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer || !s.DeletionTimestamp.IsZero() {
		return false
	}
	if s.Spec.LoadBalancerClass == nil {
		return withoutClass
	}
	return *s.Spec.LoadBalancerClass == v1alpha1.ClassLoadBalancer
}

// reconcileService brings one Service's load balancer to what it says.
func (c *Controller) reconcileService(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	s := &corev1.Service{}
	if err := c.Client.Get(ctx, req.NamespacedName, s); err != nil {
		if apierrors.IsNotFound(err) {
			c.forget(req.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	var f finding
	var err error
	switch {
	case Ours(s, c.WithoutClass):
		if f, err = c.serve(ctx, s); err == nil {
			f = c.fade(ctx, s, f)
		}
	case controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) && !c.DryRun:
		f, err = c.cleanUp(ctx, s)
	default:
		c.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err == nil {
		err = c.report(ctx, s, f)
	}
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err): // the newer Service comes
		return reconcile.Result{RequeueAfter: c.Again}, nil
	case err != nil:
		return reconcile.Result{}, err
	case f.again > 0:
		return reconcile.Result{RequeueAfter: f.again}, nil
	case f.trouble != nil:
		return reconcile.Result{RequeueAfter: c.retry.When(req.NamespacedName)}, nil
	}
	c.retry.Forget(req.NamespacedName)
	return reconcile.Result{}, nil
}

const (
	// pendingPause is when something that the cloud is still at is looked at
	// again; for what it makes, later each time.
	pendingPause, mostPending = 5 * time.Second, 30 * time.Second
	// adminPause is when somebody may have given rights.
	adminPause = 5 * time.Minute
)

// finalize adds or removes our finalizer, by a patch that fails where somebody
// else changed the object meanwhile.
func (c *Controller) finalize(ctx context.Context, o client.Object, change func(client.Object, string) bool) error {
	before := o.DeepCopyObject().(client.Object)
	if !change(o, v1alpha1.LoadBalancerFinalizer) {
		return nil
	}
	return c.Client.Patch(ctx, o, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}
