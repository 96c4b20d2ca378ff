// Package nodestatus writes what Nodes publish and what Nodes and RangeRequests
// say in their conditions, and remembers what the cache does not show yet: so
// that nothing is written twice, and each reason makes one Event.
package nodestatus

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// CacheLag is how long the cache may take to show a write of ours. Where it
// takes longer, or somebody undid the write, the object is looked at afresh.
const CacheLag = 5 * time.Second

// ConditionForeign is True on a Node whose podCIDRs somebody else chose.
const ConditionForeign corev1.NodeConditionType = "vpcnative.dev/ForeignPodCIDR"

// Config is what a Reporter needs.
type Config struct {
	Writer Writer
	// Client writes the status of RangeRequests, and Live reads them from the
	// API server.
	Client client.Client
	Live   client.Reader
	Events events.EventRecorder
	Now    func() time.Time
}

// Reporter writes and remembers.
type Reporter struct {
	Config

	mu       sync.Mutex
	byName   map[string]*record
	requests map[types.UID]time.Time // when the status of a RangeRequest was last written
}

// record is what is remembered of a Node.
type record struct {
	uid types.UID
	// ready is when the Node was reported to be ready, until the cache shows
	// that.
	ready time.Time
	// refused is what this manager told of the Node in an Event, by condition:
	// a condition outlives the manager that wrote it, and its Event may not
	// even have been sent.
	refused map[corev1.NodeConditionType]refused
	noRoom  *conditions.Refusal
	mark    string // all that noRoom depends on
}

type refused struct {
	reason, text string    // the text as it was last written
	at           time.Time // when
}

// New makes a reporter that remembers nothing.
func New(cfg Config) *Reporter { return &Reporter{Config: cfg, byName: map[string]*record{}} }

// of returns what is remembered of the Node. The caller holds mu.
func (r *Reporter) of(name string, uid types.UID) *record {
	x := r.byName[name]
	if x == nil || x.uid != uid {
		x = &record{uid: uid}
		r.byName[name] = x
	}
	return x
}

// tidy drops a record that says nothing. The caller holds mu.
func (r *Reporter) tidy(name string) {
	if x := r.byName[name]; x != nil && x.ready.IsZero() && len(x.refused) == 0 && x.noRoom == nil {
		delete(r.byName, name)
	}
	if len(r.byName) == 0 {
		r.byName = map[string]*record{} // an emptied map keeps the room for all it ever held
	}
}

// Forget drops a Node that is gone.
func (r *Reporter) Forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
	r.tidy(name)
}

// Remembers reports whether anything is remembered of a Node of that name.
func (r *Reporter) Remembers(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[name] != nil
}

// Ready sets the Node's NetworkUnavailable to False.
func (r *Reporter) Ready(ctx context.Context, name string, uid types.UID) error {
	now := r.Now()
	err := r.Writer.SetCondition(ctx, name, uid, condition(corev1.NodeNetworkUnavailable, corev1.ConditionFalse,
		v1alpha1.ReasonPublished, "the pod range is on the instance's interface and published", now))
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.of(name, uid)
	x.ready, x.noRoom = now, nil
	return nil
}

// ReadyShown notes that the cache shows the Node to be ready: what was told of it
// before is over.
func (r *Reporter) ReadyShown(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.byName[name]; x != nil {
		x.ready, x.refused = time.Time{}, nil
		r.tidy(name)
	}
}

// AwaitsReady reports whether the cache is yet to show that the Node is ready:
// the event of podCIDRs comes back before that of the condition, and without
// this the Node would look like one that was never reported. Where it does not
// in time, Overdue names the Node.
func (r *Reporter) AwaitsReady(name string, uid types.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.byName[name]
	return x != nil && x.uid == uid && !x.ready.IsZero() && r.Now().Sub(x.ready) < CacheLag
}

// Overdue names the Nodes that the cache had time to show ready, and forgets
// that they were reported: the cache may have shown it before it was noted, or
// somebody undid it.
func (r *Reporter) Overdue() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	for name, x := range r.byName {
		if !x.ready.IsZero() && now.Sub(x.ready) >= CacheLag {
			x.ready = time.Time{}
			names = append(names, name)
			r.tidy(name)
		}
	}
	return names
}

// NetworkCondition returns the Node's NetworkUnavailable condition; nil without.
func NetworkCondition(node *corev1.Node) *corev1.NodeCondition {
	return find(node, corev1.NodeNetworkUnavailable)
}

// IsForeign reports whether the Node says that somebody else chose its podCIDRs.
func IsForeign(node *corev1.Node) bool {
	c := find(node, ConditionForeign)
	return c != nil && c.Status == corev1.ConditionTrue
}

func find(node *corev1.Node, kind corev1.NodeConditionType) *corev1.NodeCondition {
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == kind {
			return &node.Status.Conditions[i]
		}
	}
	return nil
}

func condition(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, text string, now time.Time) corev1.NodeCondition {
	at := metav1.NewTime(now)
	return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: text, LastTransitionTime: at, LastHeartbeatTime: at}
}
