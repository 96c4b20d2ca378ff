package node

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// reports remembers the Nodes whose NetworkUnavailable condition is about to be
// set to False, or was just, and on which the cache does not show it yet. The event of podCIDRs
// comes back before that of the condition, and without this memory it would
// look like a Node that was never reported: each would cost a reading of its
// interface and a write more.
type reports struct {
	mu     sync.Mutex
	byName map[string]reported
}

type reported struct {
	uid   types.UID
	until time.Time
}

// cacheLag is how long the cache may take to show a write of ours. Where it
// takes longer, or somebody undid the write, the Node is looked at afresh.
const cacheLag = 5 * time.Second

func (r *reports) note(name string, uid types.UID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]reported{}
	}
	r.byName[name] = reported{uid, now.Add(cacheLag)}
}

// pending gives how long to wait for the cache to show the Node's report;
// zero where there is none to wait for.
func (r *reports) pending(name string, uid types.UID, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	got, ok := r.byName[name]
	if !ok || got.uid != uid || !now.Before(got.until) {
		delete(r.byName, name)
		return 0
	}
	return got.until.Sub(now)
}

// forgetOld drops reports that the cache had time to show: it may have shown
// one before it was noted.
func (r *reports) forgetOld(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.byName, func(_ string, one reported) bool { return !now.Before(one.until) })
	if len(r.byName) == 0 {
		r.byName = nil // an emptied map keeps the room for all it ever held
	}
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
