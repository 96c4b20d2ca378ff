package loadbalancer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// CloudOf is the name of a Network's cloud.
func CloudOf(n *v1alpha1.Network) string {
	if n.Spec.AWS != nil {
		return "aws"
	}
	return "gcp"
}

// NetworkOf is the name of the Network of a Service: the one it names, or the
// only one, or the default one.
func NetworkOf(s *corev1.Service, all []v1alpha1.Network) string {
	if name := strings.TrimSpace(s.Annotations[wanted.NetworkAnnotation]); name != "" {
		return name
	}
	if len(all) == 1 {
		return all[0].Name
	}
	return v1alpha1.DefaultNetwork
}

// viewOf is the view of the Service's Network.
func (c *Controller) viewOf(ctx context.Context, s *corev1.Service) (*networkView, *v1alpha1.Network, error) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return nil, nil, fmt.Errorf("listing Networks: %w", err)
	}
	name := NetworkOf(s, all.Items)
	at := slices.IndexFunc(all.Items, func(n v1alpha1.Network) bool { return n.Name == name })
	if at < 0 {
		return nil, nil, &refusal{v1alpha1.ReasonNetworkNotFound, fmt.Sprintf("there is no Network %q; create it, or name another by the annotation %s", name, wanted.NetworkAnnotation)}
	}
	n := &all.Items[at]
	if !n.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) {
		return nil, nil, &refusal{v1alpha1.ReasonNetworkNotReady, "Network " + name + " is being deleted"}
	}
	k, err := c.open(ctx, n)
	return k, n, err
}

// reconcileNetwork reads the Network's load balancing in bulk every Resync,
// has all planned on it again, and sweeps.
func (c *Controller) reconcileNetwork(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	n := &v1alpha1.Network{}
	if err := c.Client.Get(ctx, req.NamespacedName, n); err != nil {
		if apierrors.IsNotFound(err) {
			c.close(req.Name)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	going := !n.DeletionTimestamp.IsZero()
	if going && !controllerutil.ContainsFinalizer(n, v1alpha1.LoadBalancerFinalizer) {
		return reconcile.Result{}, nil
	}
	k, err := c.open(ctx, n)
	if err != nil {
		log.FromContext(ctx).V(1).Info("the Network's load balancing cannot be opened", "why", err.Error())
		return reconcile.Result{RequeueAfter: refusedPause}, nil
	}
	read, err := c.load(ctx, k, c.Resync)
	if err != nil {
		c.Metrics.pools(n.Name, err)
		log.FromContext(ctx).Error(err, "reading the load balancing")
		return reconcile.Result{RequeueAfter: retryRead}, nil
	}
	inspected, keeps := false, c.keeps(k)
	if keeps && !going {
		if inspected, err = c.inspect(ctx, k); err != nil {
			c.Metrics.pools(n.Name, err)
			log.FromContext(ctx).Error(err, "reading the load balancing")
		}
	}
	if read || inspected {
		c.replan(ctx, c.servicesOf(ctx))
		c.lookAtPools()
	} else if k.minds(n) {
		c.lookAtPools()
	}
	if going {
		again, err := c.letGo(ctx, n, k)
		if apierrors.IsConflict(err) { // somebody else wrote the Network
			return reconcile.Result{RequeueAfter: c.Again}, nil
		}
		return again, err
	}
	if err := c.sweep(ctx, n, k, keeps); err != nil {
		c.Metrics.pools(n.Name, err)
		log.FromContext(ctx).Error(err, "sweeping")
	}
	return reconcile.Result{RequeueAfter: min(c.Resync, max(c.OrphanGrace/2, retryRead/10))}, nil
}

// servicesOf are all Services that are or were ours.
func (c *Controller) servicesOf(ctx context.Context) (out []types.NamespacedName) {
	var list corev1.ServiceList
	if err := c.Client.List(ctx, &list); err != nil {
		return nil
	}
	for i := range list.Items {
		if s := &list.Items[i]; c.concerns(s) {
			out = append(out, client.ObjectKeyFromObject(s))
		}
	}
	return out
}

func (c *Controller) concerns(s *corev1.Service) bool {
	return Ours(s, c.WithoutClass) || controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer)
}
