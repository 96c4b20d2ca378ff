package loadbalancer

import (
	"context"
	"fmt"
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
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// ownersOf counts the Services to which things of the cluster belong.
func ownersOf(state lb.State, clusterID string, lives func(cloud.Owner) bool) brake.Count {
	out, seen := brake.Count{Kind: wanted.OwnerKind}, map[cloud.Owner]bool{}
	for _, r := range state {
		o := r.Owner
		if o.Kind != wanted.OwnerKind || o.ClusterID != clusterID || seen[o] {
			continue
		}
		seen[o] = true
		if lives(o) {
			out.Living++
		} else {
			out.Gone = append(out.Gone, o.Namespace+"/"+o.Name)
		}
	}
	return out
}

// brake decides whether what Services left that are gone may be removed, and
// says on the Network why not. Every Network of the store says it, and a
// person confirms it on any.
func (c *Controller) brake(ctx context.Context, n *v1alpha1.Network, k *networkView, state lb.State, lives func(cloud.Owner) bool) (held bool, err error) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return true, fmt.Errorf("listing Networks: %w", err)
	}
	views, annotations := c.views(), []map[string]string{n.Annotations}
	was := meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionLoadBalancerRemovalHeld)
	for i := range all.Items {
		x := &all.Items[i]
		if slices.ContainsFunc(views, func(v *networkView) bool { return v.store == k.store && v.network == x.Name }) {
			was = was || meta.IsStatusConditionTrue(x.Status.Conditions, v1alpha1.ConditionLoadBalancerRemovalHeld)
			annotations = append(annotations, x.Annotations)
		}
	}
	d := brake.Decide(ownersOf(state, c.ClusterID, lives), was, brake.Confirmed(wanted.OwnerKind, annotations...))
	if c.DryRun {
		return d.Held, nil
	}
	if d.Held {
		c.Metrics.held(k.network)
	}
	if d.Spent {
		if err := c.unconfirm(ctx, n, wanted.OwnerKind); err != nil {
			return d.Held, err
		}
	}
	return d.Held, c.tellHeld(ctx, n, d, servicesHeld)
}

// unconfirm takes off a confirmation that has nothing left to confirm.
func (c *Controller) unconfirm(ctx context.Context, n *v1alpha1.Network, kind string) error {
	key := brake.Annotation(kind)
	if _, has := n.Annotations[key]; !has {
		return nil
	}
	before := n.DeepCopy()
	delete(n.Annotations, key)
	if err := c.Client.Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("taking annotation %s off Network %s: %w", key, n.Name, err)
	}
	return nil
}

// holding is what a brake's condition and its Event are called.
type holding struct{ condition, action, text string }

var (
	servicesHeld = holding{v1alpha1.ConditionLoadBalancerRemovalHeld, "SweepLoadBalancers", "what Services left that are gone is not removed"}
	membersHeld  = holding{v1alpha1.ConditionMemberRemovalHeld, "KeepMembers", "the machines of Nodes that are gone stay members of pools"}
)

// tellHeld keeps the Network's condition, which is there from the first time
// on, and makes an Event of what is news.
func (c *Controller) tellHeld(ctx context.Context, n *v1alpha1.Network, d brake.Decision, of holding) error {
	had := meta.FindStatusCondition(n.Status.Conditions, of.condition)
	if !d.Held && had == nil {
		return nil
	}
	cond := metav1.Condition{Type: of.condition, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNone,
		Message: "nothing is held back", ObservedGeneration: n.Generation}
	if d.Held {
		cond.Status, cond.Reason, cond.Message = metav1.ConditionTrue, v1alpha1.ReasonMassRemoval, clip(d.Why, maxMessage)
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info(of.text, "why", d.Why)
			c.Events.Eventf(n, textOf(d.Why), corev1.EventTypeWarning, cond.Reason, of.action, "%s", clip(d.Why, maxNote))
		}
	}
	before := n.DeepCopy()
	if !meta.SetStatusCondition(&n.Status.Conditions, cond) {
		return nil
	}
	err := c.Client.Status().Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("writing the status of Network %s: %w", n.Name, err)
	}
	return nil
}
