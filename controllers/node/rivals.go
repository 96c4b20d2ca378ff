package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// rivals remembers who else allocates podCIDRs to the Nodes of a request.
//
// A podCIDR that we neither promised nor found before we came is a rival's
// write. It counts where it was made while we look: to a Node that we saw
// without podCIDRs, or that was created after the request's history. Nodes
// that had theirs before are history, as in a cluster that moves over: they
// stop nothing.
//
// From a rival's write on nothing is given out of the request. That no
// further write is seen proves nothing while there is no Node to write to. A
// rival is gone when a Node of the request has waited for quiet, and nobody
// gave it podCIDRs, nor any other Node of the request. Being rivalled is
// remembered in the request's condition, and quiet starts anew with each
// leader.
type rivals struct {
	quiet time.Duration

	mu        sync.Mutex
	byRequest map[string]*rivalry
	seen      map[string]sight // by the Node's name
}

// rivalry is how it stands with one request.
type rivalry struct {
	uid     types.UID // of the request
	history time.Time // what Nodes got up to then stops nothing
	active  bool
	last    time.Time // the last write of the rival
	text    string
	waiting map[string]wait // Nodes that wait because of it
}

type wait struct {
	uid   types.UID
	since time.Time
}

// sight is what is known of a Node.
type sight struct {
	uid     types.UID
	idle    bool // it was seen without podCIDRs
	suspect bool // its podCIDRs were found that no record of ours names
	counted bool // its podCIDRs count as the rival's
}

// load takes over the requests there are. One that is new is as its condition
// says; where it says nothing, what was before now is history.
func (r *rivals) load(requests []v1alpha1.RangeRequest, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.byRequest
	r.byRequest = map[string]*rivalry{}
	for i := range requests {
		q := &requests[i]
		if q.Spec.Purpose != v1alpha1.Pods {
			continue
		}
		if x := had[q.Name]; x != nil && x.uid == q.UID {
			r.byRequest[q.Name] = x
			continue
		}
		x := &rivalry{uid: q.UID, history: now}
		if cond := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionAllocatorConflict); cond != nil {
			x.active, x.last, x.text = cond.Status == metav1.ConditionTrue, now, cond.Message
			if !x.active {
				x.history = cond.LastTransitionTime.Time
			}
		}
		r.byRequest[q.Name] = x
	}
}

func (r *rivals) note(node *corev1.Node, change func(*sight)) {
	if r.seen == nil {
		r.seen = map[string]sight{}
	}
	s := r.seen[node.Name]
	if s.uid != node.UID {
		s = sight{uid: node.UID}
	}
	change(&s)
	r.seen[node.Name] = s
}

// sawIdle notes a Node without podCIDRs.
func (r *rivals) sawIdle(node *corev1.Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(node, func(s *sight) { s.idle = true })
}

// suspect notes a Node that was found to publish what no record of ours
// names.
func (r *rivals) suspect(name string, uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &corev1.Node{}
	n.Name, n.UID = name, uid
	r.note(n, func(s *sight) { s.suspect = true })
}

func (r *rivals) suspects(node *corev1.Node) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seen[node.Name]
	return s.uid == node.UID && s.suspect
}

// forget drops a Node that is gone, or that publishes what we gave it.
func (r *rivals) forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, name)
	if len(r.seen) == 0 {
		r.seen = nil // an emptied map keeps the room for all it ever held
	}
	for _, x := range r.byRequest {
		delete(x.waiting, name)
	}
}

// against names those of the requests that the Node's podCIDRs, which are not
// ours, speak against.
func (r *rivals) against(requests []string, node *corev1.Node) (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seen[node.Name]
	if s.uid != node.UID {
		s = sight{}
	}
	if s.counted {
		return nil
	}
	for _, name := range requests {
		if x := r.byRequest[name]; x != nil && (s.idle || node.CreationTimestamp.After(x.history)) {
			out = append(out, name)
		}
	}
	return out
}

// wrote notes that a rival gave the Node its podCIDRs.
func (r *rivals) wrote(requests []string, node *corev1.Node, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(node, func(s *sight) { *s = sight{uid: s.uid, counted: true} })
	for _, name := range requests {
		x := r.byRequest[name]
		if x == nil {
			continue
		}
		x.last = now
		delete(x.waiting, node.Name)
		if !x.active { // the first Node stands for all, so that the text keeps still
			x.active = true
			x.text = fmt.Sprintf("Node %s was given podCIDRs %s by another allocator; nothing is allocated from this request until that is turned off (kube-controller-manager: --allocate-node-cidrs=false), which a Node shows that waits for %s and is given none",
				node.Name, strings.Join(node.Spec.PodCIDRs, ","), r.quiet)
		}
	}
}

// stops tells whether nothing may be given out of the request.
func (r *rivals) stops(request string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.byRequest[request]
	return x != nil && x.active
}

// waits notes a Node without podCIDRs that waits because of a rival.
func (r *rivals) waits(requests []string, node *corev1.Node, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range requests {
		x := r.byRequest[name]
		if x == nil || !x.active || x.waiting[node.Name].uid == node.UID {
			continue
		}
		if x.waiting == nil {
			x.waiting = map[string]wait{}
		}
		x.waiting[node.Name] = wait{node.UID, now}
	}
}

// gone names the requests whose rival is gone.
func (r *rivals) gone(now time.Time) (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, x := range r.byRequest {
		if !x.active || now.Sub(x.last) < r.quiet {
			continue
		}
		for w := range maps.Values(x.waiting) {
			if now.Sub(w.since) >= r.quiet {
				*x = rivalry{uid: x.uid, history: now}
				out = append(out, name)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// condition gives what a request's status has to say; nil where it need not
// say anything.
func (r *rivals) condition(request string) *metav1.Condition {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.byRequest[request]
	if x == nil || !x.active {
		return nil
	}
	return &metav1.Condition{Type: v1alpha1.ConditionAllocatorConflict, Status: metav1.ConditionTrue,
		Reason: v1alpha1.ReasonForeignPodCIDR, Message: x.text}
}

// stopped tells of each request whether a rival has stopped it.
func (r *rivals) stopped() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]bool, len(r.byRequest))
	for name, x := range r.byRequest {
		out[name] = x.active
	}
	return out
}
