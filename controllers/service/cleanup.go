package service

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// cleanUp takes away what was made for a Service that goes, or wants no
// balancer of ours any more; then its status, then the finalizer.
func (c *Controller) cleanUp(ctx context.Context, s *corev1.Service) (is loadbalancer.Outcome, err error) {
	k, err := c.Engine.ViewOf(ctx, s)
	if err != nil {
		return loadbalancer.Refused(fmt.Errorf("its load balancer cannot be looked up, and the finalizer stays: %w", err)), nil
	}
	if err := c.Engine.Load(ctx, k); err != nil {
		return loadbalancer.Troubled(err), nil
	}
	if is, done := c.Engine.Remove(ctx, c.build(s, k).Wanted(s)); !done {
		return is, nil
	}
	log.FromContext(ctx).Info("load balancer deleted")
	if s.DeletionTimestamp.IsZero() {
		before := s.DeepCopy()
		s.Status.LoadBalancer = corev1.LoadBalancerStatus{}
		meta.RemoveStatusCondition(&s.Status.Conditions, v1alpha1.ConditionLoadBalancer)
		meta.RemoveStatusCondition(&s.Status.Conditions, corev1.LoadBalancerPortsError)
		if err := c.Client.Status().Patch(ctx, s, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return is, fmt.Errorf("emptying the status: %w", err)
		}
	}
	c.Events.Eventf(s, nil, corev1.EventTypeNormal, v1alpha1.ReasonDeleted, "DeleteLoadBalancer", "load balancer deleted")
	if err := c.Engine.Finalize(ctx, s, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		return is, err
	}
	c.forget(client.ObjectKeyFromObject(s))
	return loadbalancer.Outcome{Quiet: true}, nil
}
