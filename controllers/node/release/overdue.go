package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// OverdueAfter is how long a prefix cannot be taken back for a passing reason
// before that is said.
const OverdueAfter = time.Minute

// overdue is a release that failed.
type overdue struct {
	request string
	text    string
	reason  string
	since   time.Time // of the first failure
}

// Failed notes why a prefix cannot be taken back yet.
func (t *Tracker) Failed(h allocator.Allocation, no *conditions.Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.overdue[h.NodeUID]
	if x.since.IsZero() {
		x.since = t.now()
	}
	x.request, x.reason = h.Key.Request, no.Reason
	x.text = fmt.Sprintf("%s of node %s, which is gone, on %s: %s", h.Prefix, h.Node, h.Instance, no.Text)
	if t.overdue == nil {
		t.overdue = map[types.UID]overdue{}
	}
	t.overdue[h.NodeUID] = x
}

// Passing reports whether a reason mostly goes by itself.
func Passing(reason string) bool {
	switch cloud.Reason(reason) {
	case cloud.Throttled, cloud.Unavailable, cloud.Stale, cloud.OutcomeUnknown:
		return true
	}
	return false
}

// Refusal is why prefixes of a request cannot be taken back; nil where all can.
// Their Nodes are gone, so that nothing else could say it.
func (t *Tracker) Refusal(request string) *conditions.Refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var all []overdue
	for _, x := range t.overdue {
		if x.request == request && (!Passing(x.reason) || now.Sub(x.since) >= OverdueAfter) {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b overdue) int { return strings.Compare(a.text, b.text) })
	text := fmt.Sprintf("%d prefixes of deleted nodes cannot be detached from their instances, and stay allocated (%s", len(all), all[0].text)
	if len(all) > 1 {
		text += fmt.Sprintf("; and %d more", len(all)-1)
	}
	return conditions.Refuse(all[0].reason, "%s); it is retried", text)
}
