package nodestatus

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// Refuse says on the Node why it has no pod range yet. It reports whether an
// Event was made, which is where the reason is news or not on the Node.
func (r *Reporter) Refuse(ctx context.Context, node *corev1.Node, no *conditions.Refusal) (told bool, err error) {
	return r.say(ctx, node, corev1.NodeNetworkUnavailable, no)
}

// Foreign says on the Node that somebody else chose its podCIDRs.
func (r *Reporter) Foreign(ctx context.Context, node *corev1.Node, text string) (told bool, err error) {
	return r.say(ctx, node, ConditionForeign, conditions.Refuse(v1alpha1.ReasonForeignPodCIDR, "%s", text))
}

// NotForeign takes back what Foreign said of a Node that turned out well.
func (r *Reporter) NotForeign(ctx context.Context, node *corev1.Node) error {
	if !IsForeign(node) {
		return nil
	}
	return r.Writer.SetCondition(ctx, node.Name, node.UID, condition(ConditionForeign, corev1.ConditionFalse,
		v1alpha1.ReasonPublished, "podCIDRs lie in a granted range", r.Now()))
}

func (r *Reporter) say(ctx context.Context, node *corev1.Node, kind corev1.NodeConditionType, no *conditions.Refusal) (told bool, err error) {
	c := find(node, kind)
	said := c != nil && c.Status == corev1.ConditionTrue && c.Reason == no.Reason && c.Message == no.Text
	first, lately := r.first(node, kind, no)
	if !first && (said || lately) {
		return false, nil
	}
	r.Events.Eventf(node, nil, no.EventType(), no.Reason, "ProvidePodRange", "%s", no.Text)
	if said {
		return true, nil
	}
	now := r.Now()
	if err := r.Writer.SetCondition(ctx, node.Name, node.UID, condition(kind, corev1.ConditionTrue, no.Reason, no.Text, now)); err != nil {
		return true, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.of(node.Name, node.UID)
	if was, ok := x.refused[kind]; ok {
		was.text, was.at = no.Text, now
		x.refused[kind] = was
	}
	return true, nil
}

// first reports whether the reason is news, and notes that it is told; lately,
// whether its text was written a moment ago, so that the cache may not show it.
func (r *Reporter) first(node *corev1.Node, kind corev1.NodeConditionType, no *conditions.Refusal) (first, lately bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.of(node.Name, node.UID)
	was, ok := x.refused[kind]
	if ok && was.reason == no.Reason {
		return false, was.text == no.Text && r.Now().Sub(was.at) < CacheLag
	}
	if x.refused == nil {
		x.refused = map[corev1.NodeConditionType]refused{}
	}
	x.refused[kind] = refused{reason: no.Reason}
	return true, false
}

// NoRoom remembers that the Node was looked at and that there is no room for it,
// or no range in its subnet, so that it waits without a further look at its
// instance. Mark is all that the answer depends on.
func (r *Reporter) NoRoom(name string, uid types.UID, mark string, no *conditions.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.of(name, uid)
	x.noRoom, x.mark = no, mark
}

// StillNoRoom returns why the Node waits, where nothing has changed since that
// was found.
func (r *Reporter) StillNoRoom(name string, uid types.UID, mark string) *conditions.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.byName[name]; x != nil && x.uid == uid && x.mark == mark {
		return x.noRoom
	}
	return nil
}

// ForgetNoRoom has all Nodes looked at anew.
func (r *Reporter) ForgetNoRoom() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, x := range r.byName {
		x.noRoom = nil
		r.tidy(name)
	}
}
