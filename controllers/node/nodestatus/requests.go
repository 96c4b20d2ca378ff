package nodestatus

import (
	"context"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// The node controller keeps conditions of its own on RangeRequests, beside
// those of the ranges controller. Whoever writes the status last may undo
// what the other wrote; so what has to be there is compared with what the
// cache shows, and written again where it differs.

// problems are those conditions.
var problems = []conditions.Problem{
	{Type: v1alpha1.ConditionAllocatorConflict, Well: v1alpha1.ReasonNoRival, None: "a node waited, and no other allocator set its podCIDRs"},
	{Type: v1alpha1.ConditionForeignAlias, Well: v1alpha1.ReasonNone, None: "every alias range in the ranges is accounted for"},
	{Type: v1alpha1.ConditionRangesOverlap, Well: v1alpha1.ReasonNone, None: "no range overlaps another"},
	{Type: v1alpha1.ConditionLedgerBlocked, Well: v1alpha1.ReasonNone, None: "the claims ledger is written"},
	{Type: v1alpha1.ConditionAdoptionStopped, Well: v1alpha1.ReasonNone, None: "no attachment of a Node fails"},
	{Type: v1alpha1.ConditionReleasePending, Well: v1alpha1.ReasonNone, None: "every prefix of a deleted node was released"},
}

// Findings is what a RangeRequest's status has to say: the problems there are,
// by condition, and how many Nodes are observed.
type Findings struct {
	Problems map[string]*conditions.Refusal
	Observed int32
}

// apply brings a status up to date, and reports whether that is news. What is
// well and was never otherwise is left alone.
func (f Findings) apply(q *v1alpha1.RangeRequest) (news bool) {
	news = q.Status.ObservedNodes != f.Observed
	q.Status.ObservedNodes = f.Observed
	for _, p := range problems {
		no := f.Problems[p.Type]
		switch had := meta.FindStatusCondition(q.Status.Conditions, p.Type); {
		case no != nil:
			news = p.Set(&q.Status.Conditions, q, no) || news
		case had != nil && had.Status == metav1.ConditionTrue:
			p.Set(&q.Status.Conditions, q, nil)
			news = true
		}
	}
	return news
}

// SyncRequest brings the status of a RangeRequest, as the cache shows it, up to
// date.
func (r *Reporter) SyncRequest(ctx context.Context, q *v1alpha1.RangeRequest, f Findings) {
	if f.apply(q.DeepCopy()) && r.due(q) {
		r.WriteRequest(ctx, q, f)
	}
}

// due reports whether the status may be written, and notes that it is: the cache
// may not show yet what was written a moment ago.
func (r *Reporter) due(q *v1alpha1.RangeRequest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if now.Sub(r.requests[q.UID]) < CacheLag {
		return false
	}
	if r.requests == nil {
		r.requests = map[types.UID]time.Time{}
	}
	maps.DeleteFunc(r.requests, func(_ types.UID, at time.Time) bool { return now.Sub(at) >= CacheLag })
	r.requests[q.UID] = now
	return true
}

// WriteRequest writes the findings to the status of a RangeRequest as it is now,
// and makes an Event of each condition that turned. What cannot be written comes
// again.
func (r *Reporter) WriteRequest(ctx context.Context, q *v1alpha1.RangeRequest, f Findings) {
	ctx, cancel := context.WithTimeout(ctx, CacheLag)
	defer cancel()
	live := &v1alpha1.RangeRequest{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(q), live); err != nil || live.UID != q.UID {
		return
	}
	before := live.DeepCopy()
	if !f.apply(live) {
		return
	}
	if err := conditions.WriteStatus(ctx, r.Client, live, before); err != nil {
		log.FromContext(ctx).Info("the status of the request could not be written; it comes again", "request", q.Name, "error", err.Error())
		return
	}
	for _, p := range problems {
		now, was := meta.FindStatusCondition(live.Status.Conditions, p.Type), meta.FindStatusCondition(before.Status.Conditions, p.Type)
		if now == nil || was != nil && was.Status == now.Status {
			continue
		}
		kind := corev1.EventTypeWarning
		if now.Status != metav1.ConditionTrue {
			kind = corev1.EventTypeNormal
		}
		r.Events.Eventf(live, nil, kind, now.Reason, "Watch"+p.Type, "%s", now.Message)
	}
}
