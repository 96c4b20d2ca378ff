package loadbalancer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/brake"
)

// ownersOf counts the owners of a kind to which things of the cluster belong.
func ownersOf(kind string, state lb.State, alive *Living) brake.Count {
	out, seen := brake.Count{Kind: kind}, map[cloud.Owner]bool{}
	for _, r := range state {
		o := r.Owner
		if o.Kind != kind || o.ClusterID != alive.ClusterID || seen[o] {
			continue
		}
		seen[o] = true
		if alive.Has(o) {
			out.Living++
		} else {
			out.Gone = append(out.Gone, o.Namespace+"/"+o.Name)
		}
	}
	return out
}

// brake decides whether what owners left that are gone may be removed, and says
// on the Network why not. Every Network of the store says it, and a person
// confirms it on any.
func (e *Engine) brake(ctx context.Context, n *v1alpha1.Network, k *View, state lb.State, alive *Living) (held bool, err error) {
	all, err := e.viewsOf(ctx, k)
	if err != nil {
		return true, err
	}
	annotations := []map[string]string{n.Annotations}
	was := meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionLoadBalancerRemovalHeld)
	for _, x := range all {
		was = was || meta.IsStatusConditionTrue(x.Status.Conditions, v1alpha1.ConditionLoadBalancerRemovalHeld)
		annotations = append(annotations, x.Annotations)
	}
	var is brake.Decision // the first that is held speaks for all
	for _, kind := range slices.Sorted(maps.Keys(e.kinds)) {
		d := brake.Decide(ownersOf(kind, state, alive), was, brake.Confirmed(kind, annotations...))
		if d.Held && !is.Held {
			is = d
		}
		if d.Spent && !e.DryRun {
			if err := e.unconfirm(ctx, n, kind); err != nil {
				return is.Held, err
			}
		}
	}
	if e.DryRun {
		return is.Held, nil
	}
	if is.Held {
		e.Metrics.held(k.network)
	}
	return is.Held, e.tellHeld(ctx, n, is, ownersHeld)
}

// unconfirm takes off a confirmation that has nothing left to confirm.
func (e *Engine) unconfirm(ctx context.Context, n *v1alpha1.Network, kind string) error {
	key := brake.Annotation(kind)
	if _, has := n.Annotations[key]; !has {
		return nil
	}
	before := n.DeepCopy()
	delete(n.Annotations, key)
	if err := e.Client.Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("taking annotation %s off Network %s: %w", key, n.Name, err)
	}
	return nil
}

// holding is what a brake's condition and its Event are called.
type holding struct{ condition, action, text string }

var (
	ownersHeld  = holding{v1alpha1.ConditionLoadBalancerRemovalHeld, "SweepLoadBalancers", "what owners left that are gone is not removed"}
	membersHeld = holding{v1alpha1.ConditionMemberRemovalHeld, "KeepMembers", "the machines of Nodes that are gone stay members of pools"}
)

// tellHeld keeps the Network's condition, which is there from the first time
// on, and makes an Event of what is news.
func (e *Engine) tellHeld(ctx context.Context, n *v1alpha1.Network, d brake.Decision, of holding) error {
	had := meta.FindStatusCondition(n.Status.Conditions, of.condition)
	if !d.Held && had == nil {
		return nil
	}
	cond := metav1.Condition{Type: of.condition, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "nothing is held back", ObservedGeneration: n.Generation}
	if d.Held {
		cond.Status, cond.Reason, cond.Message = metav1.ConditionTrue, v1alpha1.ReasonMassRemoval, Clip(d.Why, MaxMessage)
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info(of.text, "why", d.Why)
			e.Events.Eventf(n, TextOf(d.Why), corev1.EventTypeWarning, cond.Reason, of.action, "%s", Clip(d.Why, MaxNote))
		}
	}
	before := n.DeepCopy()
	if !meta.SetStatusCondition(&n.Status.Conditions, cond) {
		return nil
	}
	err := e.Client.Status().Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("writing the status of Network %s: %w", n.Name, err)
	}
	return nil
}
