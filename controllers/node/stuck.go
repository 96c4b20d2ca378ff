package node

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

// stuckAfter is how long a prefix cannot be taken back for a passing reason
// before that is said.
const stuckAfter = time.Minute

// trying is a release that failed.
type trying struct {
	request string
	text    string
	reason  string
	since   time.Time // of the first failure
}

// failed notes why a prefix cannot be taken back yet.
func (r *releases) failed(h allocator.Allocation, t *conditions.Refusal, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.stuck[h.NodeUID]
	if x.since.IsZero() {
		x.since = now
	}
	x.request, x.reason = h.Key.Request, t.Reason
	x.text = fmt.Sprintf("%s of node %s, which is gone, on %s: %s", h.Prefix, h.Node, h.Instance, t.Text)
	if r.stuck == nil {
		r.stuck = map[types.UID]trying{}
	}
	r.stuck[h.NodeUID] = x
}

// passing tells of a reason that mostly goes by itself.
func passing(reason string) bool {
	switch cloud.Reason(reason) {
	case cloud.Throttled, cloud.Unavailable, cloud.Stale, cloud.OutcomeUnknown:
		return true
	}
	return false
}

// refusal is why prefixes of a request cannot be taken back; nil where all can.
// Their Nodes are gone, so that nothing else could say it.
func (r *releases) refusal(request string, now time.Time) *conditions.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []trying
	for _, x := range r.stuck {
		if x.request == request && (!passing(x.reason) || now.Sub(x.since) >= stuckAfter) {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b trying) int { return strings.Compare(a.text, b.text) })
	text := fmt.Sprintf("%d prefixes of deleted nodes cannot be taken off their instances, and stay occupied (%s", len(all), all[0].text)
	if len(all) > 1 {
		text += fmt.Sprintf("; and %d more", len(all)-1)
	}
	return conditions.Refuse(all[0].reason, "%s); it is tried again", text)
}
