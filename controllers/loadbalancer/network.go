package loadbalancer

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// cloudOf is the name of a Network's cloud.
func cloudOf(n *v1alpha1.Network) string {
	if n.Spec.AWS != nil {
		return "aws"
	}
	return "gcp"
}

// ViewOf is the view of the object's Network.
func (e *Engine) ViewOf(ctx context.Context, o client.Object) (*View, error) {
	var all v1alpha1.NetworkList
	if err := e.Client.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	name := NetworkOf(o, all.Items)
	at := slices.IndexFunc(all.Items, func(n v1alpha1.Network) bool { return n.Name == name })
	if at < 0 {
		other := "or name another by the annotation " + NetworkAnnotation
		if _, is := o.(namesNetwork); is {
			other = "or create another object with the networkName of one that there is"
		}
		return nil, conditions.Refuse(v1alpha1.ReasonNetworkNotFound, "there is no Network %q; create it, %s", name, other)
	}
	n := &all.Items[at]
	if !n.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(o, v1alpha1.LoadBalancerFinalizer) {
		return nil, conditions.Refuse(v1alpha1.ReasonNetworkNotReady, "Network %s is being deleted", name)
	}
	return e.open(ctx, n)
}

// reconcileNetwork reads the Network's load balancing in bulk every Resync,
// has all planned on it again, and sweeps.
func (e *Engine) reconcileNetwork(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	n := &v1alpha1.Network{}
	if err := e.Client.Get(ctx, req.NamespacedName, n); err != nil {
		if apierrors.IsNotFound(err) {
			e.close(req.Name)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	going := !n.DeletionTimestamp.IsZero()
	if going && !controllerutil.ContainsFinalizer(n, v1alpha1.LoadBalancerFinalizer) {
		return reconcile.Result{}, nil
	}
	k, err := e.open(ctx, n)
	if err != nil {
		e.replanAll(ctx) // whoever was refused, since it was not there yet, is to say why now
		log.FromContext(ctx).V(1).Info("the Network's load balancing cannot be opened", "why", err.Error())
		return reconcile.Result{RequeueAfter: refusedPause}, nil
	}
	if err := e.readAgain(ctx, n, k); err != nil {
		return reconcile.Result{RequeueAfter: retryRead}, nil
	}
	if going {
		again, err := e.letGo(ctx, n, k)
		if apierrors.IsConflict(err) { // somebody else wrote the Network
			return reconcile.Result{RequeueAfter: e.Again}, nil
		}
		return again, err
	}
	if err := e.sweep(ctx, n, k, e.keeps(k)); err != nil {
		e.trouble(ctx, n.Name, err, "removing orphans")
	}
	return reconcile.Result{RequeueAfter: min(e.Resync, max(e.OrphanGrace/2, retryRead/10))}, nil
}

// readAgain reads what is due, and has planned again what that may change.
func (e *Engine) readAgain(ctx context.Context, n *v1alpha1.Network, k *View) error {
	read, err := e.load(ctx, k, e.Resync)
	if err != nil {
		e.trouble(ctx, n.Name, err, "reading the load balancing")
		return err
	}
	inspected := false
	if e.keeps(k) && n.DeletionTimestamp.IsZero() {
		if inspected, err = e.inspect(ctx, k); err != nil {
			e.trouble(ctx, n.Name, err, "reading the load balancing")
		}
	}
	if read || inspected {
		e.replanAll(ctx)
	}
	if read || inspected || k.minds(n) {
		e.lookAtPools()
	}
	return nil
}

// trouble logs and counts what failed about what balancers share.
func (e *Engine) trouble(ctx context.Context, network string, err error, doing string, about ...any) {
	e.Metrics.pools(network, err)
	log.FromContext(ctx).Error(err, doing, append([]any{"network", network}, about...)...)
}
