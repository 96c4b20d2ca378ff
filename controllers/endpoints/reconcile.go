package endpoints

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// reconcile has one EndpointGroup's groups hold its endpoints.
func (c *Controller) reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	if req == nodesChanged {
		return reconcile.Result{}, c.lookAtAll(ctx)
	}
	g := &v1alpha1.EndpointGroup{}
	if err := c.Client.Get(ctx, req.NamespacedName, g); err != nil {
		if apierrors.IsNotFound(err) {
			c.forget(req.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	owner := loadbalancer.OwnerOf(c.Engine.ClusterID, lb.KindEndpointGroup, g)
	if !g.DeletionTimestamp.IsZero() {
		if !controllerutil.ContainsFinalizer(g, v1alpha1.LoadBalancerFinalizer) || c.Engine.DryRun {
			return reconcile.Result{}, nil
		}
		is, err := c.cleanUp(ctx, g)
		if err == nil {
			err = c.report(ctx, g, is)
		}
		return c.Engine.Next(owner, is.Outcome, err)
	}
	is, err := c.keep(ctx, g)
	if err == nil {
		err = c.report(ctx, g, is)
	}
	return c.Engine.Next(owner, is.Outcome, err)
}

// standing is how an EndpointGroup stands.
type standing struct {
	loadbalancer.Outcome
	// groups are those in the cloud, where they were seen, but for those of
	// zones that are silent.
	groups []loadbalancer.Group
	seen   bool
	silent []string
	// ready is how many endpoints are ready.
	ready int
	// left are those that are not attached, each with why.
	left []string
}

// keep attaches and detaches. Its error is of the API server.
func (c *Controller) keep(ctx context.Context, g *v1alpha1.EndpointGroup) (is standing, _ error) {
	k, err := c.Engine.ViewOf(ctx, g)
	if err != nil {
		is.Outcome = loadbalancer.Refused(err)
		return is, nil
	}
	if err := c.Engine.Load(ctx, k); err != nil {
		is.Outcome = loadbalancer.Troubled(err)
		return is, nil
	}
	o, err := c.observe(ctx, g)
	if err != nil {
		return is, err
	}
	kept, err := c.Engine.KeepEndpoints(ctx, k, c.endpointsOf(g, o.Placed))
	if err != nil {
		return is, err
	}
	is = standing{Outcome: kept.Outcome, groups: kept.Groups, seen: kept.Seen, silent: kept.Silent, ready: len(o.Placed) + len(o.Left)}
	for _, l := range o.Left {
		is.left = append(is.left, l.String())
	}
	for _, l := range kept.Left {
		is.left = append(is.left, l.Member+": "+l.Err.Error())
	}
	if o.why != nil && is.Trouble == nil {
		is.Outcome = loadbalancer.Outcome{Reason: o.why.Reason, Text: o.why.Text, Again: is.Again}
	}
	if o.again > 0 && (is.Again == 0 || is.Again > o.again) {
		is.Again = max(o.again, time.Millisecond)
	}
	return is, nil
}

// cleanUp deletes the groups of an EndpointGroup that goes, then takes the
// finalizer off.
func (c *Controller) cleanUp(ctx context.Context, g *v1alpha1.EndpointGroup) (is standing, err error) {
	k, err := c.Engine.ViewOf(ctx, g)
	if err != nil {
		is.Outcome = loadbalancer.Refused(fmt.Errorf("its groups in the cloud cannot be found, and it keeps its finalizer: %w", err))
		return is, nil
	}
	if err := c.Engine.Load(ctx, k); err != nil {
		is.Outcome = loadbalancer.Troubled(err)
		return is, nil
	}
	gone, done := c.Engine.RemoveEndpoints(ctx, c.endpointsOf(g, nil))
	if !done {
		is.Outcome = gone
		return is, nil
	}
	c.Events.Eventf(g, nil, corev1.EventTypeNormal, v1alpha1.ReasonDeleted, "DeleteEndpointGroup", "the groups in the cloud are deleted")
	if err := c.Engine.Finalize(ctx, g, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		return is, err
	}
	c.forget(client.ObjectKeyFromObject(g))
	is.Quiet = true
	return is, nil
}

func (c *Controller) forget(key types.NamespacedName) {
	c.mu.Lock()
	delete(c.steady, key)
	c.mu.Unlock()
	c.Engine.Forget(loadbalancer.OwnerOf(c.Engine.ClusterID, lb.KindEndpointGroup, &v1alpha1.EndpointGroup{ObjectMeta: objectMeta(key)}))
	c.Metrics.forget(key)
}
