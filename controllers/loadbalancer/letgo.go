package loadbalancer

import (
	"context"
	"fmt"
	"maps"
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
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// letGo takes the finalizer off a deleted Network, once no owner uses it. With
// the last Network of a store goes what is left there, without a grace time.
func (e *Engine) letGo(ctx context.Context, n *v1alpha1.Network, k *View) (reconcile.Result, error) {
	users, err := e.whoNeeds(ctx, n, k)
	if err != nil {
		return reconcile.Result{RequeueAfter: e.Again}, client.IgnoreNotFound(err)
	}
	if len(users) > 0 {
		e.waits(n, k, v1alpha1.ReasonInUse, "deletion waits for the load balancers of "+strings.Join(users, "; "))
		return reconcile.Result{RequeueAfter: e.Again}, nil
	}
	if len(e.others(k)) == 0 {
		if gone, err := e.clear(ctx, n, k); !gone {
			if err != nil {
				log.FromContext(ctx).Error(err, "removing what is left of a deleted Network")
			}
			return reconcile.Result{RequeueAfter: retryRead}, nil
		}
	}
	return reconcile.Result{}, client.IgnoreNotFound(e.Finalize(ctx, n, controllerutil.RemoveFinalizer))
}

// waits makes an Event of why a Network cannot go yet, where that is news.
func (e *Engine) waits(n *v1alpha1.Network, k *View, reason, text string) {
	if k.news(text) {
		e.Events.Eventf(n, conditions.RelatedText(text), corev1.EventTypeWarning, reason, "DeleteNetwork", "%s", text)
	}
}

// clear removes all that nobody who lives has or uses.
func (e *Engine) clear(ctx context.Context, n *v1alpha1.Network, k *View) (gone bool, err error) {
	if err := k.refresh(ctx); err != nil {
		return false, err
	}
	if err := k.whole(); err != nil {
		e.Metrics.pools(n.Name, err)
		e.waits(n, k, string(cloud.ReasonOf(err)), "deletion waits: "+err.Error())
		return false, err
	}
	state, alive, err := e.livingNow(ctx, k)
	if err != nil {
		return false, err
	}
	if held, err := e.brake(ctx, n, k, state, alive); held || err != nil {
		return false, err
	}
	err = lb.Run(ctx, executor{View: k, e: e}, lb.Removal(Everything(state, e.ClusterID, alive.Has)), state)
	return err == nil, err
}

// whoNeeds are the owners that would lose something with the Network, by kind.
// Those that another view of the same store serves without a change are its
// from now on.
func (e *Engine) whoNeeds(ctx context.Context, n *v1alpha1.Network, k *View) (users []string, err error) {
	var networks v1alpha1.NetworkList
	if err := e.Client.List(ctx, &networks); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	kinds := e.registered()
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		kind := kinds[name]
		objects, err := kind.List(ctx, true)
		if err != nil {
			return nil, fmt.Errorf("listing %ss live: %w", name, err)
		}
		var its []string
		for _, o := range objects {
			if !controllerutil.ContainsFinalizer(o, v1alpha1.LoadBalancerFinalizer) || NetworkOf(o, networks.Items) != n.Name {
				continue
			}
			inherited, err := e.inherit(ctx, kind, o, n, k, networks.Items)
			if err != nil {
				return nil, err
			}
			if !inherited {
				its = append(its, keyOf(OwnerOf(e.ClusterID, name, o)).String())
			}
		}
		if len(its) > 0 {
			slices.Sort(its)
			users = append(users, name+"s "+strings.Join(its, ", "))
		}
	}
	return users, nil
}

// inherit has another Network of the store serve an object of one that goes,
// where it would without a change.
func (e *Engine) inherit(ctx context.Context, kind Kind, o client.Object, from *v1alpha1.Network, k *View, networks []v1alpha1.Network) (bool, error) {
	rest := slices.DeleteFunc(slices.Clone(networks), func(x v1alpha1.Network) bool { return x.Name == from.Name })
	heir, others := NetworkOf(o, rest), e.others(k)
	at := slices.IndexFunc(others, func(x *View) bool { return x.network == heir })
	if at < 0 || !e.servesAsIs(others[at], kind, o) {
		return false, nil
	}
	return true, e.holdNetwork(ctx, others[at])
}

// servesAsIs reports whether the object's balancer would stay as it is by this
// view.
func (e *Engine) servesAsIs(k *View, kind Kind, o client.Object) bool {
	w, is := kind.Wants(o, k)
	if !is {
		return false
	}
	p, err := Plan(k, k.view(), w, e.ClusterID, e.Nodes())
	return err == nil && len(p.Actions) == 0
}
