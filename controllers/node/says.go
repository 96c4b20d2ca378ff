package node

import (
	"context"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// The node controller keeps conditions of its own on RangeRequests, beside
// those of the ranges controller. Whoever writes the status last may undo
// what the other wrote; so what has to be there is compared with what the
// cache shows, and written again where it differs.

// kept are those conditions, and the reason that each has when all is well.
var kept = map[string]struct{ well, text string }{
	v1alpha1.ConditionAllocatorConflict: {v1alpha1.ReasonNoRival, "a node waited and no other allocator served it"},
	v1alpha1.ConditionForeignAlias:      {v1alpha1.ReasonNone, "every alias range in the ranges is accounted for"},
	v1alpha1.ConditionRangesOverlap:     {v1alpha1.ReasonNone, "no range overlaps another"},
	v1alpha1.ConditionLedgerBlocked:     {v1alpha1.ReasonNone, "the claims ledger is written"},
	v1alpha1.ConditionAdoptionStopped:   {v1alpha1.ReasonNone, "no Node's attachment fails"},
	v1alpha1.ConditionReleasePending:    {v1alpha1.ReasonNone, "every prefix of a deleted node could be taken back"},
}

// recentWrites remembers what was written a moment ago and the cache may not show.
type recentWrites struct {
	mu   sync.Mutex
	last map[string]time.Time // by request and type
}

// due tells whether a condition may be written, and that it is.
func (s *recentWrites) due(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.last, func(_ string, at time.Time) bool { return now.Sub(at) >= cacheLag })
	if _, lately := s.last[key]; lately {
		return false
	}
	if s.last == nil {
		s.last = map[string]time.Time{}
	}
	s.last[key] = now
	return true
}

// wanted gives the conditions of a request that call for attention.
func (c *Controller) wanted(request string) []metav1.Condition {
	var out []metav1.Condition
	if cond := c.rivals.condition(request); cond != nil {
		out = append(out, *cond)
	}
	if cond := c.pending(request, time.Now()); cond != nil {
		out = append(out, *cond)
	}
	if cond := ledgerBlocked(c.ledger.Blocked()); cond != nil {
		out = append(out, *cond)
	}
	if cond := c.adoptionStopped(request); cond != nil {
		out = append(out, *cond)
	}
	return append(out, c.drift.conditions(request)...)
}

// pending gives what keeps addresses of a request from being given out again.
func (c *Controller) pending(request string, now time.Time) *metav1.Condition {
	if cond := c.releases.condition(request, now); cond != nil {
		return cond
	}
	if r := c.catalog.Load().request(request); r != nil {
		return c.unlisted.condition(r.NetworkName(), now)
	}
	return nil
}

// say brings the conditions of all requests up to date.
func (c *Controller) say(ctx context.Context) {
	requests, observed := c.catalog.Load().requests, c.observedOf()
	for i := range requests {
		r := &requests[i]
		if r.Spec.Purpose != v1alpha1.Pods {
			continue
		}
		c.sayObserved(ctx, r, observed[r.Name])
		for _, cond := range differing(r.Status.Conditions, c.wanted(r.Name)) {
			if c.says.due(string(r.UID)+cond.Type, time.Now()) {
				c.write(ctx, r, cond)
			}
		}
	}
}

// differing gives the conditions to write so that have says what want does.
func differing(have, want []metav1.Condition) (out []metav1.Condition) {
	for _, w := range want {
		h := meta.FindStatusCondition(have, w.Type)
		if h == nil || h.Status != w.Status || h.Reason != w.Reason || h.Message != w.Message {
			out = append(out, w)
		}
	}
	for kind, well := range kept {
		if meta.FindStatusCondition(want, kind) == nil && meta.IsStatusConditionTrue(have, kind) {
			out = append(out, metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: well.well, Message: well.text})
		}
	}
	return out
}

// write sets one condition, and says in an Event that it turned.
func (c *Controller) write(ctx context.Context, r *v1alpha1.RangeRequest, cond metav1.Condition) {
	var had *metav1.Condition
	live := c.edit(ctx, r, func(live *v1alpha1.RangeRequest) bool {
		cond.ObservedGeneration = live.Generation
		if was := meta.FindStatusCondition(live.Status.Conditions, cond.Type); was != nil {
			had = was.DeepCopy()
		}
		return meta.SetStatusCondition(&live.Status.Conditions, cond)
	})
	if live == nil {
		return // it comes again
	}
	if had != nil && had.Status == cond.Status {
		return
	}
	kind := corev1.EventTypeWarning
	if cond.Status != metav1.ConditionTrue {
		kind = corev1.EventTypeNormal
	}
	c.Events.Eventf(live, nil, kind, cond.Reason, "Watch"+cond.Type, "%s", cond.Message)
}

// edit changes the status of a request as it is now. It gives nil where there
// was nothing to change, as where the cache is late, or the change failed.
func (c *Controller) edit(ctx context.Context, r *v1alpha1.RangeRequest, change func(*v1alpha1.RangeRequest) bool) *v1alpha1.RangeRequest {
	ctx, cancel := context.WithTimeout(ctx, cacheLag)
	defer cancel()
	live := &v1alpha1.RangeRequest{}
	err := c.Live.Get(ctx, client.ObjectKeyFromObject(r), live)
	if err != nil || live.UID != r.UID {
		return nil
	}
	before := live.DeepCopy()
	if !change(live) {
		return nil
	}
	err = c.Client.Status().Patch(ctx, live, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		log.FromContext(ctx).Info("the status of the request could not be written; it comes again", "request", r.Name, "error", err.Error())
		return nil
	}
	return live
}
