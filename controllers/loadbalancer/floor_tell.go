package loadbalancer

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/brake"
)

// everyNode are all Nodes that have a machine, whether balancers send to them
// or not.
func (e *Engine) everyNode() (out []lb.Node) {
	for _, n := range e.Nodes() {
		if n.Spec.ProviderID != "" {
			out = append(out, NodeOf(n))
		}
	}
	return out
}

// viewsOf are the Networks whose views of the store this one is among.
func (e *Engine) viewsOf(ctx context.Context, k *View) (out []v1alpha1.Network, _ error) {
	var all v1alpha1.NetworkList
	if err := e.Client.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	views := e.views()
	for _, n := range all.Items {
		if slices.ContainsFunc(views, func(v *View) bool { return v.store == k.store && v.network == n.Name }) {
			out = append(out, n)
		}
	}
	return out, nil
}

// confirmMembers reads what a person confirmed of members, on any Network.
func (k *View) confirmMembers(views []v1alpha1.Network) {
	var annotations []map[string]string
	for i := range views {
		annotations = append(annotations, views[i].Annotations)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.confirmed = brake.Confirmed(memberKind, annotations...)
}

// checkFloor looks at the cloud where members of a set are held: the machines
// of some may be gone, and the cloud have taken them out.
func (e *Engine) checkFloor(ctx context.Context, k *View, set lb.NodeSet) error {
	state := k.view()
	k.Pools(set, state)
	k.mu.Lock()
	f, confirmed := k.lockedFloor(set.Name), k.confirmed
	k.mu.Unlock()
	if !f.is.Held {
		if confirmed > 0 {
			k.judge(set, state)
		}
		return nil
	}
	if err := k.listAnew(ctx, k.Balancers.Pools(lb.NodeSet{ClusterID: set.ClusterID, Name: set.Name}, state)); err != nil {
		return err
	}
	k.mu.Lock()
	f.is.Held, f.fresh = f.is.Held && f.fresh, true // what the store had may have been out of date
	k.floors[set.Name] = f
	k.mu.Unlock()
	if f = k.judge(set, k.view()); !f.is.Held {
		f.fresh = false
		k.mu.Lock()
		k.floors[set.Name] = f
		k.mu.Unlock()
	}
	return nil
}

// floor is how it stands with all sets of the store.
func (k *View) floor() (out brake.Decision) {
	k.mu.Lock()
	defer k.mu.Unlock()
	out.Spent = k.confirmed > 0
	for _, f := range k.floors {
		if f.is.Held && !out.Held {
			out.Held, out.Why = true, f.is.Why
		}
		out.Spent = out.Spent && len(f.gone) == 0
	}
	return out
}

// tellFloor keeps the condition of every Network of the store.
func (e *Engine) tellFloor(ctx context.Context, k *View, views []v1alpha1.Network) error {
	is := k.floor()
	for i := range views {
		n := &views[i]
		if is.Held {
			e.Metrics.held(n.Name)
		}
		if is.Spent {
			if err := e.unconfirm(ctx, n, memberKind); err != nil {
				return err
			}
		}
		if err := e.tellHeld(ctx, n, is, membersHeld); err != nil {
			return err
		}
	}
	return nil
}

// minds reports whether the Network has something about members that the pools are
// to be looked at for.
func (k *View) minds(n *v1alpha1.Network) bool {
	_, confirmed := n.Annotations[brake.Annotation(memberKind)]
	return confirmed || k.floor().Held || meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionMemberRemovalHeld)
}
