package service

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// reconcile brings one Service's load balancer to what it says.
func (c *Controller) reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	owner := build.Owner(c.Engine.ClusterID, req.Namespace, req.Name)
	s := &corev1.Service{}
	if err := c.Client.Get(ctx, req.NamespacedName, s); err != nil {
		if apierrors.IsNotFound(err) {
			c.forget(req.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	var is loadbalancer.Outcome
	var err error
	switch {
	case build.Ours(s, c.WithoutClass):
		is, err = c.serve(ctx, s)
	case controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) && !c.Engine.DryRun:
		is, err = c.cleanUp(ctx, s)
	default:
		c.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err == nil {
		err = c.report(ctx, s, is)
	}
	return c.Engine.Next(owner, is, err)
}

// serve makes and keeps the balancer. Its error is of the API server.
func (c *Controller) serve(ctx context.Context, s *corev1.Service) (loadbalancer.Outcome, error) {
	k, err := c.Engine.ViewOf(ctx, s)
	if err != nil {
		return loadbalancer.Refused(err), nil
	}
	if err := c.Engine.Load(ctx, k); err != nil {
		return loadbalancer.Troubled(err), nil
	}
	asked := c.build(s, k)
	w := asked.Wanted(s)
	c.tell(s, asked.Notes)
	if why, is := asked.Refused(); is {
		refused := loadbalancer.Refused(errors.New(why.Text))
		refused.Reason = why.Reason
		return c.Engine.Fade(ctx, k, w, refused), nil
	}
	is, err := c.Engine.Ensure(ctx, k, w)
	if err != nil {
		return is, err
	}
	return c.Engine.Fade(ctx, k, w, is), nil
}

func (c *Controller) forget(key client.ObjectKey) {
	c.mu.Lock()
	delete(c.told, key)
	c.mu.Unlock()
	c.Engine.Forget(build.Owner(c.Engine.ClusterID, key.Namespace, key.Name))
	c.Metrics.forget(key)
}
