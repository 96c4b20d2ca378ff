// Package rival finds out whether somebody else allocates podCIDRs to the Nodes
// of a request.
package rival

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
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// Detector remembers who else allocates podCIDRs to the Nodes of a request.
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
type Detector struct {
	quiet time.Duration
	now   func() time.Time

	mu        sync.Mutex
	byRequest map[string]*rivalry
	seen      map[string]sight // by the Node's name
}

// New makes a detector that knows of no request. Quiet is how long a Node waits
// before the rival counts as gone.
func New(quiet time.Duration, now func() time.Time) *Detector {
	return &Detector{quiet: quiet, now: now}
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

// Load takes over the requests there are. One that is new is as its condition
// says; where it says nothing, what was before now is history.
func (d *Detector) Load(requests []v1alpha1.RangeRequest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	had := d.byRequest
	d.byRequest = map[string]*rivalry{}
	for i := range requests {
		q := &requests[i]
		if q.Spec.Purpose != v1alpha1.Pods {
			continue
		}
		if x := had[q.Name]; x != nil && x.uid == q.UID {
			d.byRequest[q.Name] = x
			continue
		}
		x := &rivalry{uid: q.UID, history: now}
		if cond := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionAllocatorConflict); cond != nil {
			x.active, x.last, x.text = cond.Status == metav1.ConditionTrue, now, cond.Message
			if !x.active {
				x.history = cond.LastTransitionTime.Time
			}
		}
		d.byRequest[q.Name] = x
	}
}

func (d *Detector) note(name string, uid types.UID, change func(*sight)) {
	if d.seen == nil {
		d.seen = map[string]sight{}
	}
	s := d.seen[name]
	if s.uid != uid {
		s = sight{uid: uid}
	}
	change(&s)
	d.seen[name] = s
}

// SawIdle notes a Node without podCIDRs.
func (d *Detector) SawIdle(node *corev1.Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(node.Name, node.UID, func(s *sight) { s.idle = true })
}

// Suspect notes a Node that was found to publish what no record of ours
// names.
func (d *Detector) Suspect(name string, uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(name, uid, func(s *sight) { s.suspect = true })
}

func (d *Detector) Suspects(node *corev1.Node) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seen[node.Name]
	return s.uid == node.UID && s.suspect
}

// Forget drops a Node that is gone, or that publishes what we gave it.
func (d *Detector) Forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, name)
	if len(d.seen) == 0 {
		d.seen = nil // an emptied map keeps the room for all it ever held
	}
	for _, x := range d.byRequest {
		delete(x.waiting, name)
	}
}

// Against names those of the requests that the Node's podCIDRs, which are not
// ours, speak against.
func (d *Detector) Against(requests []string, node *corev1.Node) (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seen[node.Name]
	if s.uid != node.UID {
		s = sight{}
	}
	if s.counted {
		return nil
	}
	for _, name := range requests {
		if x := d.byRequest[name]; x != nil && (s.idle || node.CreationTimestamp.After(x.history)) {
			out = append(out, name)
		}
	}
	return out
}

// Wrote notes that a rival gave the Node its podCIDRs.
func (d *Detector) Wrote(requests []string, node *corev1.Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	d.note(node.Name, node.UID, func(s *sight) { *s = sight{uid: s.uid, counted: true} })
	for _, name := range requests {
		x := d.byRequest[name]
		if x == nil {
			continue
		}
		x.last = now
		delete(x.waiting, node.Name)
		if !x.active { // the first Node stands for all, so that the text keeps still
			x.active = true
			x.text = fmt.Sprintf("Node %s has podCIDRs %s that another allocator set; nothing is allocated from this request until that is turned off (kube-controller-manager: --allocate-node-cidrs=false) and a Node has waited for %s without getting any",
				node.Name, strings.Join(node.Spec.PodCIDRs, ","), d.quiet)
		}
	}
}

// Stops reports whether nothing may be given out of the request.
func (d *Detector) Stops(request string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.byRequest[request]
	return x != nil && x.active
}

// Waits notes a Node without podCIDRs that waits because of a rival.
func (d *Detector) Waits(requests []string, node *corev1.Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	for _, name := range requests {
		x := d.byRequest[name]
		if x == nil || !x.active || x.waiting[node.Name].uid == node.UID {
			continue
		}
		if x.waiting == nil {
			x.waiting = map[string]wait{}
		}
		x.waiting[node.Name] = wait{node.UID, now}
	}
}

// Gone names the requests whose rival is gone.
func (d *Detector) Gone() (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	for name, x := range d.byRequest {
		if !x.active || now.Sub(x.last) < d.quiet {
			continue
		}
		for w := range maps.Values(x.waiting) {
			if now.Sub(w.since) >= d.quiet {
				*x = rivalry{uid: x.uid, history: now}
				out = append(out, name)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// Refusal is why nothing is given out of the request; nil where nobody stops it.
func (d *Detector) Refusal(request string) *conditions.Refusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.byRequest[request]
	if x == nil || !x.active {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonForeignPodCIDR, "%s", x.text)
}

// Stopped reports of each request whether a rival has stopped it.
func (d *Detector) Stopped() map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]bool, len(d.byRequest))
	for name, x := range d.byRequest {
		out[name] = x.active
	}
	return out
}
