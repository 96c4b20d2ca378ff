package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// reportRequests brings the conditions of all requests up to date.
func (c *Controller) reportRequests(ctx context.Context) {
	requests, observed := c.findings.catalog().requests, c.observedOf()
	for i := range requests {
		if r := &requests[i]; r.Spec.Purpose == v1alpha1.Pods {
			c.status.SyncRequest(ctx, r, nodestatus.Findings{Problems: c.problems(r), Observed: observed[r.Name]})
		}
	}
}

// problems are what a request's conditions have to say.
func (c *Controller) problems(r *v1alpha1.RangeRequest) map[string]*conditions.Refusal {
	out := c.drift.problems(r.Name)
	out[v1alpha1.ConditionAllocatorConflict] = c.rivals.Refusal(r.Name)
	out[v1alpha1.ConditionLedgerBlocked] = ledgerBlocked(c.ledger.Blocked())
	out[v1alpha1.ConditionAdoptionStopped] = c.adoptionStopped(r.Name)
	now := c.Now()
	if out[v1alpha1.ConditionReleasePending] = c.releases.Refusal(r.Name); out[v1alpha1.ConditionReleasePending] == nil {
		out[v1alpha1.ConditionReleasePending] = c.unlisted.refusal(r.NetworkName(), now)
	}
	return out
}

// roomMark is all of what we are told that it depends on whether there is room
// for a Node. Otherwise that changes only by room, which the allocator gives by
// itself, and by what the next reading of all interfaces shows.
func roomMark(node *corev1.Node, candidates []*v1alpha1.RangeRequest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %x %s", node.Spec.ProviderID, node.Status.NodeInfo.SystemUUID, node.Status.Capacity.Pods())
	for _, r := range candidates {
		fmt.Fprintf(&b, " %s/%d", r.UID, r.Generation)
	}
	return b.String()
}

// waits returns why a Node that holds nothing has to wait, where that is known
// without asking the cloud.
func (c *Controller) waits(cat *catalog, node *corev1.Node, candidates []*v1alpha1.RangeRequest) *conditions.Refusal {
	if _, ok := cat.vpcOf(candidates[0].Name); !ok {
		return noNetwork(cat, candidates[0])
	}
	if !slices.ContainsFunc(candidates, func(r *v1alpha1.RangeRequest) bool { return len(r.Status.Granted()) > 0 }) {
		return notGranted(candidates)
	}
	t := c.status.StillNoRoom(node.Name, node.UID, roomMark(node, candidates))
	if t != nil && t.Reason == v1alpha1.ReasonRangeExhausted && !c.allocator.Waits(node.UID) {
		return nil // nobody would call it when there is room
	}
	return t
}
