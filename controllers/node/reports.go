package node

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// reports remembers the Nodes whose NetworkUnavailable condition is about to be
// set to False, or was just, and on which the cache does not show it yet. The
// event of podCIDRs comes back before that of the condition, and without this
// memory it would look like a Node that was never reported: each would cost a
// reading of its interface and a write more.
type reports struct {
	mu     sync.Mutex
	byName map[string]reported
}

type reported struct {
	uid   types.UID
	until time.Time // zero: the report waits for its turn
}

func (r reported) overdue(now time.Time) bool { return !r.until.IsZero() && !now.Before(r.until) }

// cacheLag is how long the cache may take to show a write of ours. Where it
// takes longer, or somebody undid the write, the Node is looked at afresh.
const cacheLag = 5 * time.Second

// queue notes a report that is to be made, however long that takes.
func (r *reports) queue(name string, uid types.UID) { r.put(name, reported{uid: uid}) }

// note notes a report that was made.
func (r *reports) note(name string, uid types.UID, now time.Time) {
	r.put(name, reported{uid, now.Add(cacheLag)})
}

func (r *reports) put(name string, one reported) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]reported{}
	}
	r.byName[name] = one
}

// queued tells whether a report still is to be made: not where the cache has
// shown one meanwhile, or the Node is gone.
func (r *reports) queued(name string, uid types.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[name] == reported{uid: uid}
}

// pending tells whether the cache is yet to show the Node's report. Where it
// does not in time, the Node is overdue.
func (r *reports) pending(name string, uid types.UID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	got, ok := r.byName[name]
	if !ok || got.uid != uid || got.overdue(now) {
		delete(r.byName, name)
		return false
	}
	return true
}

// overdue drops reports that the cache had time to show, and names their Nodes,
// which are to be looked at afresh: the cache may have shown a report before it
// was noted, or somebody undid it.
func (r *reports) overdue(now time.Time) (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, one := range r.byName {
		if one.overdue(now) {
			names = append(names, name)
			delete(r.byName, name)
		}
	}
	if len(r.byName) == 0 {
		r.byName = nil // an emptied map keeps the room for all it ever held
	}
	return names
}

// shown forgets a report that the cache shows, or whose Node is gone.
func (r *reports) shown(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
	if len(r.byName) == 0 {
		r.byName = nil // an emptied map keeps the room for all it ever held
	}
}
