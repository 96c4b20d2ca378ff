package node

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// fewLooks is how many releases look at their instances one by one; where
// more are under way, one listing of all interfaces serves them together.
const fewLooks = 16

// releases are the Nodes that are known to be gone, whose prefixes are being
// taken back. What the cloud shows may be out of date for a while, and a
// prefix that rested while it is on an instance would never be taken off
// again. So its absence counts when an operation of ours that took it off has
// ended, or when two looks some time apart agree.
type releases struct {
	mu      sync.Mutex
	byUID   map[types.UID]*release
	alone   int       // those who look by themselves
	listing time.Time // when all interfaces were last listed for the others

	// over are those that ended in a rest and when, until a reading of all
	// interfaces that began later has had its say.
	over map[netip.Prefix]rested
	// stuck are those that failed, until they are over.
	stuck map[types.UID]trying
}

type rested struct {
	allocator.Allocation
	at time.Time
}

type release struct {
	since    time.Time // known to be gone
	missed   time.Time // the first look that did not show it; zero: none did
	alone    bool      // the second look is its own
	shown    bool      // the last look showed it
	detached bool      // an operation of ours took it off
	leaves   bool      // its machine is gone, and routes to it are left
	listed   presence  // what the listing showed; zero: it is still to come
}

// begin notes that the Node is gone; first tells that it was not noted yet.
func (r *releases) begin(uid types.UID, now time.Time) (since time.Time, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byUID == nil {
		r.byUID = map[types.UID]*release{}
	}
	if x, ok := r.byUID[uid]; ok {
		return x.since, false
	}
	r.byUID[uid] = &release{since: now}
	return now, true
}

func (r *releases) has(uid types.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byUID[uid] != nil
}

func (r *releases) end(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stuck, uid)
	if x := r.byUID[uid]; x != nil {
		r.anew(x)
		delete(r.byUID, uid)
	}
}

// endedInRest notes that the prefix of a release rests.
func (r *releases) endedInRest(h allocator.Allocation, now time.Time) {
	r.end(h.NodeUID)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over == nil {
		r.over = map[netip.Prefix]rested{}
	}
	r.over[h.Prefix] = rested{h, now}
}

// wrong gives those that ended in a rest before the reading began, which still
// shows the prefix on the machine that we had put it on. The others that it
// could have shown are done with: what it shows may be older than it by
// staleness.
func (r *releases) wrong(attached []allocator.Observed, began time.Time, staleness time.Duration) (out []allocator.Allocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range attached {
		x, ok := r.over[k.Prefix]
		if ok && x.at.Before(began) && x.Instance == k.Instance && x.InstanceUID == k.InstanceUID && !x.Adopted {
			out = append(out, x.Allocation)
			delete(r.over, k.Prefix)
		}
	}
	maps.DeleteFunc(r.over, func(_ netip.Prefix, x rested) bool { return began.Sub(x.at) > staleness })
	if len(r.over) == 0 {
		r.over = nil // an emptied map keeps the room for all it ever held
	}
	return out
}

// anew forgets the looks so far. The caller holds mu.
func (r *releases) anew(x *release) {
	if x.alone {
		r.alone--
	}
	x.missed, x.alone, x.listed = time.Time{}, false, 0
}

// detached notes that an operation of ours that took the prefix off has
// ended.
func (r *releases) detached(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.byUID[uid]; x != nil {
		x.detached = true
	}
}

// tookOff tells whether one has: then that the prefix still shows is old
// news.
func (r *releases) tookOff(uid types.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.byUID[uid]
	return x != nil && x.detached
}

// shown notes that a look showed the prefix where we had put it.
func (r *releases) shown(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.byUID[uid]; x != nil {
		r.anew(x)
		x.shown = true
	}
}

// routesLeft notes that the machine is gone, and that what is left are routes.
func (r *releases) routesLeft(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.byUID[uid]; x != nil {
		r.anew(x)
		x.leaves = true
	}
}

// sawOn tells whether a look showed the prefix where we had put it; it is zero
// where nobody has looked.
func (r *releases) sawOn(uid types.UID) presence {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch x := r.byUID[uid]; {
	case x == nil:
		return 0
	case x.detached || !x.missed.IsZero() || x.leaves:
		return nowhere
	case x.shown:
		return ours
	}
	return 0
}

// any tells whether there are releases.
func (r *releases) any() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byUID) > 0
}

// missed notes that a look did not show the prefix as ours, and tells whether
// that is certain; if not, when to look again, where that is for the Node
// itself to do.
func (r *releases) missed(uid types.UID, now time.Time, staleness time.Duration) (certain bool, again time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.byUID[uid]
	switch {
	case x == nil || x.detached:
		return x != nil, staleness
	case x.missed.IsZero():
		x.missed = now
		if x.alone = r.alone < fewLooks; x.alone {
			r.alone++
		}
	}
	if !x.alone {
		return false, 0
	}
	again = staleness - now.Sub(x.missed)
	return again <= 0, again
}

// second gives what the listing showed as the second look; awaits tells that
// it is still to come.
func (r *releases) second(uid types.UID) (seen presence, awaits bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.byUID[uid]
	if x == nil || x.missed.IsZero() || x.alone || x.detached {
		return 0, false
	}
	return x.listed, x.listed == 0
}

// due gives those for whom all interfaces are to be listed now.
func (r *releases) due(now time.Time, staleness time.Duration) (out []types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.listing) < staleness {
		return nil
	}
	for uid, x := range r.byUID {
		if !x.missed.IsZero() && !x.alone && x.listed == 0 && now.Sub(x.missed) >= staleness {
			out = append(out, uid)
		}
	}
	if len(out) > 0 {
		r.listing = now
	}
	return out
}

// saw notes what the listing showed.
func (r *releases) saw(uid types.UID, s presence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.byUID[uid]; x != nil && !x.missed.IsZero() && !x.alone {
		x.listed = s
	}
}
