package loadbalancer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/conditions"
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
	for _, kind := range slices.Sorted(maps.Keys(e.registered())) {
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
		return fmt.Errorf("removing annotation %s from Network %s: %w", key, n.Name, err)
	}
	return nil
}

// holding is the condition that a brake raises, and how its Event is called.
type holding struct {
	conditions.Problem
	action, text string
}

var (
	ownersHeld  = held(v1alpha1.ConditionLoadBalancerRemovalHeld, "RemoveOrphans", "what deleted owners left behind is not removed")
	membersHeld = held(v1alpha1.ConditionMemberRemovalHeld, "KeepMembers", "the machines of Nodes that are gone stay members of pools")
)

func held(condition, action, text string) holding {
	return holding{conditions.Problem{Type: condition, None: "nothing is held back", Well: v1alpha1.ReasonNone}, action, text}
}

// tellHeld keeps the Network's condition, which is there from the first time
// on, and makes an Event of what is news.
func (e *Engine) tellHeld(ctx context.Context, n *v1alpha1.Network, d brake.Decision, of holding) error {
	before := n.DeepCopy()
	var why *conditions.Refusal
	if d.Held {
		why = conditions.Refuse(v1alpha1.ReasonMassRemoval, "%s", d.Why)
	}
	if of.Set(&n.Status.Conditions, n, why) {
		log.FromContext(ctx).Info(of.text, "why", d.Why)
		e.Events.Eventf(n, conditions.RelatedText(d.Why), corev1.EventTypeWarning, why.Reason, of.action, "%s", d.Why)
	}
	return conditions.WriteStatus(ctx, e.Client, n, before)
}
