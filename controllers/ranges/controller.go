// Package ranges grants RangeRequests: it carves their ranges out of the
// supernets around everything that is in use, creates them in the VPC, and
// says in their status how full they are.
//
// One worker carves, so that two requests of one cluster never want the same
// block; between clusters the cloud's refusal decides, and the loser reads
// again and carves elsewhere.
package ranges

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/controllers/vpc"
)

// Config is what the controller needs.
type Config struct {
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Nodes returns the Nodes of the cache, which must not be changed.
	Nodes func() []*corev1.Node
	// OpenVPC returns the cloud of a Network.
	OpenVPC func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	// Space reads the address space of the VPCs.
	Space     *vpc.Reader
	ClusterID string
	// Services is the cluster's side of purpose Services; it may be nil.
	Services Services
	// Pools is what the node controller does with the ranges. Without it no
	// range grows for nodes that wait, and none is reclaimed.
	Pools Pools
	// StillLeads reads live whether this manager leads; it is asked before the
	// VPC is changed, as what a manager that was paused still had in mind may
	// be somebody else's by now. It may be nil.
	StillLeads func(context.Context) error
	// DryRun plans, reports what would be done, and does nothing.
	DryRun  bool
	Events  events.EventRecorder
	Metrics *Metrics
	// Sweep is how often the VPC is compared with what is granted, in one
	// reading for all requests of a Network; a minute by default.
	Sweep time.Duration
	// Doubt is how long after an unknown outcome a range may still come to
	// be; 2 minutes by default. What nobody was granted is left alone as long.
	Doubt time.Duration
	// Now is the time of day; time.Now by default.
	Now func() time.Time
}

const (
	// verifyPeriod is how often a granted range is looked for in the VPC when
	// nothing calls for it.
	verifyPeriod = 10 * time.Minute
	// countPeriod is how often the utilization is counted while Nodes change.
	countPeriod = 2 * time.Second
	// countServices is how often ClusterIPs are counted.
	countServices = 5 * time.Second
	// lookServices is how often ServiceCIDRs are compared with what is granted,
	// in one call for all requests.
	lookServices = 15 * time.Second
)

// Controller is the ranges controller.
type Controller struct {
	Config

	// What follows belongs to the one worker.

	remembered map[string]*memory // by the request's name
	looked     look
	sweeper    sweeper
	// stored is the request under reconciliation as the API server has it.
	stored *v1alpha1.RangeRequest
	// began is when its reconcile began: no older reading of the VPC is taken.
	began time.Time

	queue   queue       // set before the worker starts
	changed atomic.Bool // Nodes changed, or a request went, since the last count
}

// New makes the controller.
func New(cfg Config) *Controller {
	cfg.Sweep = cmp.Or(cfg.Sweep, time.Minute)
	cfg.Doubt = cmp.Or(cfg.Doubt, 2*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Controller{Config: cfg, remembered: map[string]*memory{}}
}

// Reconcile grants one request, or takes it back, counts its use, and lets it
// grow; or it compares a Network with what is granted.
func (c *Controller) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	if req.Namespace == sweeps && c.DryRun {
		return reconcile.Result{}, nil
	}
	if req.Namespace == sweeps {
		return c.sweep(ctx, req.Name)
	}
	r := &v1alpha1.RangeRequest{}
	if err := c.Live.Get(ctx, req.NamespacedName, r); err != nil {
		if client.IgnoreNotFound(err) == nil {
			c.forget(req.Name)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if c.DryRun {
		return reconcile.Result{RequeueAfter: c.preview(ctx, r)}, nil
	}
	c.began = c.Now()
	var stuck *conditions.Refusal
	if r.Renamed() {
		err := c.migrate(ctx, r)
		switch {
		case apierrors.IsConflict(err):
			return reconcile.Result{RequeueAfter: conflictPause}, nil
		case !apierrors.IsInvalid(err):
			return reconcile.Result{RequeueAfter: conflictPause}, err
		}
		stuck = conditions.Refuse(v1alpha1.ReasonInvalidSpec, "%v; edit the request: rename its old fields, and fix what the API server rejects", err)
	}
	c.stored = r.DeepCopy()
	again, gone := c.bring(ctx, r, stuck)
	if gone {
		c.forget(r.Name)
		c.changed.Store(true) // what was its may be what others wait for
		return reconcile.Result{}, nil
	}
	r.Status.ObservedGeneration = r.Generation
	err := c.record(ctx, r)
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: conflictPause}, c.dropClaims(ctx, r)
	}
	if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("writing the status of RangeRequest %s: %w", r.Name, err)
	}
	return reconcile.Result{RequeueAfter: again}, nil
}

// conflictPause is when a request is looked at again that somebody else wrote
// meanwhile. What was made for it is among its claims.
const conflictPause = 100 * time.Millisecond

// bring brings the request a step on, and its status up to date. Gone reports
// that it was let go. Stuck is why nothing new is done for it.
func (c *Controller) bring(ctx context.Context, r *v1alpha1.RangeRequest, stuck *conditions.Refusal) (again time.Duration, gone bool) {
	var all v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &all); err != nil {
		all.Items = []v1alpha1.RangeRequest{*r}
	}
	p, no := c.purposeOf(r)
	u := carve.UseOf(r)
	if p != nil {
		u, no = p.use(ctx, r, all.Items)
	}
	if no == nil && r.DeletionTimestamp.IsZero() {
		no = cmp.Or(stuck, invalid(r))
	}
	if r.DeletionTimestamp.IsZero() {
		again = c.provide(ctx, r, p, u, all.Items, no)
	} else if gone, again = c.remove(ctx, r, p, u, no); gone {
		return 0, true
	}
	if r.Spec.Purpose == v1alpha1.Services && no == nil { // nothing else tells that they come and go
		again = min(again, countServices)
	}
	again = min(again, c.tellOverlapped(ctx, r))
	c.tellReserved(ctx, r)
	if p != nil && len(u.By) != len(r.Status.Granted()) { // what came and went counts at once
		if now, no := p.use(ctx, r, all.Items); no == nil {
			u = now
		}
	}
	c.report(ctx, r, u)
	return again, false
}

// provide grants the request where the VPC has to be looked at for it, and lets
// it grow.
func (c *Controller) provide(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, u carve.Use, all []v1alpha1.RangeRequest, no *conditions.Refusal) time.Duration {
	again := verifyPeriod
	switch {
	case no != nil || c.due(r, u):
		again = c.grant(ctx, r, p, no)
	case u.RangeMissing:
		again = missingPause
	}
	if no != nil {
		return again
	}
	return min(again, c.grow(ctx, r, p, u, all))
}

// missingPause is how soon after a look at the VPC a Node's word that its
// range is missing calls for another.
const missingPause = 10 * time.Second

// due reports whether the VPC has to be looked at for this request.
func (c *Controller) due(r *v1alpha1.RangeRequest, u carve.Use) bool {
	m := c.of(r)
	since := c.Now().Sub(m.verified)
	return m.verified.IsZero() || !m.doubt.IsZero() || hasClaims(r) || r.Status.ObservedGeneration != r.Generation || since >= verifyPeriod ||
		(u.RangeMissing && since >= missingPause) ||
		!meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady)
}
