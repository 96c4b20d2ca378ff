package node

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// told remembers of which trouble of a Node this manager has told in an Event.
// A condition outlives the manager that wrote it, and its Event may not even
// have been sent.
type told struct {
	mu     sync.Mutex
	byNode map[string]map[corev1.NodeConditionType]tale
}

type tale struct {
	uid    types.UID
	reason string
}

// first tells whether the trouble is news, and that it is told.
func (t *told) first(n *corev1.Node, kind corev1.NodeConditionType, reason string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	is := tale{n.UID, reason}
	if t.byNode[n.Name][kind] == is {
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

// any tells whether it told of any trouble of that Node.
func (t *told) any(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byNode[name]) > 0
}

// forget drops a Node that is well, or gone.
func (t *told) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byNode, name)
	if len(t.byNode) == 0 {
		t.byNode = nil // an emptied map keeps the room for all it ever held
	}
}
