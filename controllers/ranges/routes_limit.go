package ranges

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// tellRoutes notes in the status what else is in the route tables.
func tellRoutes(r *v1alpha1.RangeRequest, in Input) {
	r.Status.Routes = nil
	if isRouted(r) {
		r.Status.Routes = otherRoutes(v1alpha1.Prefixes(r.Status.Ranges), in.Snapshot)
	}
}

// RoutesLimit says whether the ranges hold more nodes than the route tables
// take routes. It is pure.
func RoutesLimit(r *v1alpha1.RangeRequest) (text string, limited bool) {
	t, n := r.Status.Routes, r.Spec.NodePrefixLength
	if t == nil || n == nil {
		return "", false
	}
	room := feeds(v1alpha1.Prefixes(staying(r.Status.Ranges)), int(n.IntVal))
	if c := r.Spec.Capacity; c != nil { // what a power of two has beyond that was not asked for
		if asked := prefix.NewCount(uint64(c.Nodes)); room.Cmp(asked) > 0 {
			room = asked
		}
	}
	left := uint64(max(0, t.Limit-t.Others))
	if room.Cmp(prefix.NewCount(left)) <= 0 {
		return fmt.Sprintf("route table %s takes %d routes to nodes, and the ranges have room for %s", t.Table, left, room), false
	}
	return fmt.Sprintf("the ranges have room for %s nodes, each with a route in every table, and route table %s takes only %d (quota %d, %d in use by others); %s",
		room, t.Table, left, t.Limit, t.Others, routesRemedy), true
}

// tellRoutesLimit keeps the condition.
func (c *Controller) tellRoutesLimit(r *v1alpha1.RangeRequest) {
	text, limited := RoutesLimit(r)
	if text == "" || len(r.Status.Ranges) == 0 {
		return
	}
	cond := metav1.Condition{Type: v1alpha1.ConditionRoutesLimited, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRoomLeft, Message: text, ObservedGeneration: r.Generation}
	if limited {
		cond.Status, cond.Reason = metav1.ConditionTrue, string(cloud.QuotaExceeded)
		if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionRoutesLimited) {
			c.Metrics.failed(r.Name, cond.Reason)
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, cond.Reason, "GrantRange", "%s", text)
		}
	}
	meta.SetStatusCondition(&r.Status.Conditions, cond)
}
