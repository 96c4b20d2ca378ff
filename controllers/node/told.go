package node

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// sentEvents remembers of which trouble of a Node this manager has sentEvents in an Event.
// A condition outlives the manager that wrote it, and its Event may not even
// have been sent.
type sentEvents struct {
	mu     sync.Mutex
	byNode map[string]map[corev1.NodeConditionType]tale
}

type tale struct {
	uid    types.UID
	reason string
	text   string    // as it was written last
	at     time.Time // when
}

// first tells whether the trouble is news, and that it is told.
func (t *sentEvents) first(n *corev1.Node, kind corev1.NodeConditionType, reason string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	is := tale{uid: n.UID, reason: reason}
	if had := t.byNode[n.Name][kind]; had.uid == is.uid && had.reason == is.reason {
		return false
	}
	if t.byNode == nil {
		t.byNode = map[string]map[corev1.NodeConditionType]tale{}
	}
	if t.byNode[n.Name] == nil {
		t.byNode[n.Name] = map[corev1.NodeConditionType]tale{}
	}
	t.byNode[n.Name][kind] = is
	return true
}

// wrote notes what the condition was set to say.
func (t *sentEvents) wrote(n *corev1.Node, kind corev1.NodeConditionType, text string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x, ok := t.byNode[n.Name][kind]; ok && x.uid == n.UID {
		x.text, x.at = text, now
		t.byNode[n.Name][kind] = x
	}
}

// lately tells whether that was written a moment ago, so that the cache may
// not show it yet.
func (t *sentEvents) lately(n *corev1.Node, kind corev1.NodeConditionType, text string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.byNode[n.Name][kind]
	return x.uid == n.UID && x.text == text && now.Sub(x.at) < cacheLag
}

// any tells whether it told of any trouble of that Node.
func (t *sentEvents) any(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byNode[name]) > 0
}

// forget drops a Node that is well, or gone.
func (t *sentEvents) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byNode, name)
	if len(t.byNode) == 0 {
		t.byNode = nil // an emptied map keeps the room for all it ever held
	}
}
