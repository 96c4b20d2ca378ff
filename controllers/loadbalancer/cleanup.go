package loadbalancer

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// cleanUp takes away what was made for a Service that goes, or wants no
// balancer of ours any more; then its status, then the finalizer.
func (c *Controller) cleanUp(ctx context.Context, s *corev1.Service) (finding, error) {
	k, _, err := c.viewOf(ctx, s)
	if err != nil {
		return refused(reasonOf(err), fmt.Errorf("what was made for it cannot be found, and keeps its finalizer: %w", err)), nil
	}
	if _, err := c.load(ctx, k, 0); err != nil {
		return troubled(err), nil
	}
	for _, k := range c.all() {
		if f, done := c.takeDown(ctx, k, s); !done {
			return f, nil
		}
	}
	log.FromContext(ctx).Info("the load balancer is gone")
	if s.DeletionTimestamp.IsZero() {
		before := s.DeepCopy()
		s.Status.LoadBalancer = corev1.LoadBalancerStatus{}
		meta.RemoveStatusCondition(&s.Status.Conditions, v1alpha1.ConditionLoadBalancer)
		meta.RemoveStatusCondition(&s.Status.Conditions, corev1.LoadBalancerPortsError)
		if err := c.Client.Status().Patch(ctx, s, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return finding{}, fmt.Errorf("emptying the status: %w", err)
		}
	}
	c.Events.Eventf(s, nil, corev1.EventTypeNormal, v1alpha1.ReasonDeleted, "DeleteLoadBalancer", "the load balancer is gone")
	if err := c.finalize(ctx, s, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		return finding{}, err
	}
	c.forget(client.ObjectKeyFromObject(s))
	return finding{quiet: true}, nil
}

// takeDown deletes what the Service has in one Network.
func (c *Controller) takeDown(ctx context.Context, k *networkView, s *corev1.Service) (f finding, done bool) {
	owner := wanted.Owner(c.ClusterID, s.Namespace, s.Name)
	if err := k.settle(ctx, owner); err != nil {
		return troubled(err), false
	}
	k.use(client.ObjectKeyFromObject(s), wanted.Selection{}, false)
	state := k.view()
	asked := wanted.Make(s, wanted.Cluster{ID: c.ClusterID, Cloud: k.cloud}, "")
	plan := lb.Plan(k.Rules(), state, lb.Goal{Owner: owner, Unprotect: unprotected(asked)})
	err, lingers := c.remember(client.ObjectKeyFromObject(s)).beyondLingering(c.Now(), lb.Run(ctx, executor{networkView: k, c: c, owner: owner}, plan, state))
	if err != nil {
		k.doubt(owner)
		return troubled(fmt.Errorf("deleting the load balancer: %w", err)), false
	}
	if lingers {
		return finding{reason: v1alpha1.ReasonPending, text: "the load balancer is deleted, and the cloud still keeps its interfaces about", again: pendingPause}, false
	}
	if k.has(owner) {
		k.doubt(owner)
		return finding{reason: v1alpha1.ReasonPending, text: "the cloud is still deleting the load balancer", again: pendingPause}, false
	}
	return finding{}, true
}

// leaveOthers takes down what a Service has elsewhere than in the Network that
// it names now. What two Networks share stays.
func (c *Controller) leaveOthers(ctx context.Context, s *corev1.Service, here *networkView) (finding, bool, error) {
	if c.DryRun {
		return finding{}, true, nil
	}
	for _, k := range c.all() {
		if k.store != here.store && k.has(wanted.Owner(c.ClusterID, s.Namespace, s.Name)) {
			if f, done := c.takeDown(ctx, k, s); !done {
				return f, false, nil
			}
		}
	}
	return finding{}, true, nil
}
