package loadbalancer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// letGo takes the finalizer off a deleted Network, once no Service uses it.
// With the last Network of an store goes what is left there, without a
// grace time.
func (c *Controller) letGo(ctx context.Context, n *v1alpha1.Network, k *networkView) (reconcile.Result, error) {
	var services corev1.ServiceList
	if err := c.Live.List(ctx, &services); err != nil {
		return reconcile.Result{}, fmt.Errorf("listing Services live: %w", err)
	}
	users, err := c.whoNeeds(ctx, n, k, services.Items)
	if err != nil {
		return reconcile.Result{RequeueAfter: c.Again}, client.IgnoreNotFound(err)
	}
	if len(users) > 0 {
		slices.Sort(users)
		text := "deletion waits for the load balancers of Services " + strings.Join(users, ", ")
		if k.news(text) {
			c.Events.Eventf(n, textOf(text), corev1.EventTypeWarning, v1alpha1.ReasonInUse, "DeleteNetwork", "%s", clip(text, maxNote))
		}
		return reconcile.Result{RequeueAfter: c.Again}, nil
	}
	if len(c.others(k)) == 0 {
		if gone, err := c.clear(ctx, n, k); !gone {
			if err != nil {
				log.FromContext(ctx).Error(err, "removing what is left of a deleted Network")
			}
			return reconcile.Result{RequeueAfter: retryRead}, nil
		}
	}
	return reconcile.Result{}, client.IgnoreNotFound(c.finalize(ctx, n, controllerutil.RemoveFinalizer))
}

// clear removes all that nobody who lives has or uses.
func (c *Controller) clear(ctx context.Context, n *v1alpha1.Network, k *networkView) (gone bool, err error) {
	if err := k.refresh(ctx); err != nil {
		return false, err
	}
	if err := k.whole(); err != nil {
		text := "deletion waits: " + err.Error()
		c.Metrics.pools(n.Name, err)
		if k.news(text) {
			c.Events.Eventf(n, textOf(text), corev1.EventTypeWarning, string(cloud.ReasonOf(err)), "DeleteNetwork", "%s", clip(text, maxNote))
		}
		return false, err
	}
	state, lives, err := c.livesNow(ctx, k, &corev1.ServiceList{})
	if err != nil {
		return false, err
	}
	if held, err := c.brake(ctx, n, k, state, lives); held || err != nil {
		return false, err
	}
	err = lb.Run(ctx, executor{networkView: k, c: c}, lb.Removal(Everything(state, c.ClusterID, lives)), state)
	return err == nil, err
}

// whoNeeds are the Services that would lose something with the Network. Those
// that another view of the same store serves without a change are its from
// now on.
func (c *Controller) whoNeeds(ctx context.Context, n *v1alpha1.Network, k *networkView, services []corev1.Service) (users []string, err error) {
	var networks v1alpha1.NetworkList
	if err := c.Client.List(ctx, &networks); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	rest := slices.DeleteFunc(slices.Clone(networks.Items), func(x v1alpha1.Network) bool { return x.Name == n.Name })
	others := c.others(k)
	for i := range services {
		s := &services[i]
		if !controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) || NetworkOf(s, networks.Items) != n.Name {
			continue
		}
		heir := NetworkOf(s, rest)
		at := slices.IndexFunc(others, func(x *networkView) bool { return x.network == heir })
		if at < 0 || !c.servesAsIs(others[at], s) {
			users = append(users, s.Namespace+"/"+s.Name)
			continue
		}
		to := rest[slices.IndexFunc(rest, func(x v1alpha1.Network) bool { return x.Name == heir })]
		if err := c.holdNetwork(ctx, others[at], &to); err != nil {
			return nil, err
		}
	}
	return users, nil
}

// servesAsIs tells whether the Service's balancer would stay as it is by this
// view.
func (c *Controller) servesAsIs(k *networkView, s *corev1.Service) bool {
	p := PreviewOf(k, k.view(), wanted.Cluster{ID: c.ClusterID, Cloud: k.cloud}, s, c.WithoutClass, c.Nodes())
	return p.Ours && p.Refused.Reason == "" && len(p.Plan) == 0
}
