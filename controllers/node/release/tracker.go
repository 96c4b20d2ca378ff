// Package release keeps track of the Nodes that are gone, whose prefixes are
// being taken back.
package release

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// FewLooks is how many releases look at their instances one by one; where
// more are under way, one listing of all interfaces serves them together.
const FewLooks = 16

// Tracker knows the releases under way. What the cloud shows may be out of date
// for a while, and a prefix that rested while it is on an instance would never
// be taken off again. So its absence counts when an operation of ours that took
// it off has ended, or when two looks some time apart agree.
type Tracker struct {
	now       func() time.Time
	staleness time.Duration

	mu      sync.Mutex
	byUID   map[types.UID]*State
	alone   int       // those who look by themselves
	listing time.Time // when all interfaces were last listed for the others
	// over are those that ended in a rest and when, until a reading of all
	// interfaces that began later has had its say.
	over    map[netip.Prefix]rested
	overdue map[types.UID]overdue
	held    map[cloud.Place]held
}

type rested struct {
	allocator.Allocation
	at time.Time
}

// State is how it stands with a release. It is zero where none was begun.
type State struct {
	Since time.Time // known to be gone
	// Detached reports that an operation of ours took the prefix off: then that it
	// still shows is old news.
	Detached bool
	// Missed is the first look that did not show the prefix; zero: none did.
	Missed time.Time
	// Alone reports that the second look is the release's own; otherwise it is a
	// listing's, which showed Listed: zero where it is still to come.
	Alone  bool
	Listed Presence

	shown      bool // the last look showed it
	routesLeft bool // its machine is gone, and routes to it are left
}

// New makes a tracker of no release. Staleness is how old what the cloud shows
// may be.
func New(staleness time.Duration, now func() time.Time) *Tracker {
	return &Tracker{now: now, staleness: staleness, byUID: map[types.UID]*State{}}
}

// Begin notes that the Node is gone.
func (t *Tracker) Begin(uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byUID[uid] == nil {
		t.byUID[uid] = &State{Since: t.now()}
	}
}

// Of returns how it stands with the Node's release.
func (t *Tracker) Of(uid types.UID) State {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.byUID[uid]; x != nil {
		return *x
	}
	return State{}
}

// Any reports whether there are releases.
func (t *Tracker) Any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byUID) > 0
}

// End forgets the Node's release: it is over, or its Node is there after all.
func (t *Tracker) End(uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(uid)
}

func (t *Tracker) end(uid types.UID) {
	delete(t.overdue, uid)
	if x := t.byUID[uid]; x != nil {
		t.anew(x)
		delete(t.byUID, uid)
	}
}

// EndInRest notes that the prefix of a release rests.
func (t *Tracker) EndInRest(h allocator.Allocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(h.NodeUID)
	if t.over == nil {
		t.over = map[netip.Prefix]rested{}
	}
	t.over[h.Prefix] = rested{h, t.now()}
}

// Mistaken returns those that ended in a rest before the reading began, which
// still shows the prefix on the machine that we had put it on. The others that
// it could have shown are done with: what it shows may be older than it by
// staleness.
func (t *Tracker) Mistaken(attached []allocator.Allocation, began time.Time) (out []allocator.Allocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range attached {
		x, ok := t.over[k.Prefix]
		if ok && x.at.Before(began) && x.Instance == k.Instance && x.InstanceUID == k.InstanceUID && !x.Adopted {
			out = append(out, x.Allocation)
			delete(t.over, k.Prefix)
		}
	}
	maps.DeleteFunc(t.over, func(_ netip.Prefix, x rested) bool { return began.Sub(x.at) > t.staleness })
	if len(t.over) == 0 {
		t.over = nil // an emptied map keeps the room for all it ever held
	}
	return out
}

// Detached notes that an operation of ours that took the prefix off has ended.
func (t *Tracker) Detached(uid types.UID) {
	t.change(uid, func(x *State) { x.Detached = true })
}

// Shown notes that a look showed the prefix where we had put it.
func (t *Tracker) Shown(uid types.UID) {
	t.change(uid, func(x *State) { t.anew(x); x.shown = true })
}

// RoutesLeft notes that the machine is gone, and that what is left are routes.
func (t *Tracker) RoutesLeft(uid types.UID) {
	t.change(uid, func(x *State) { t.anew(x); x.routesLeft = true })
}

// Missed notes the first look that did not show the prefix as ours.
func (t *Tracker) Missed(uid types.UID) {
	t.change(uid, func(x *State) {
		if x.Missed.IsZero() {
			x.Missed = t.now()
			if x.Alone = t.alone < FewLooks; x.Alone {
				t.alone++
			}
		}
	})
}

// Listed notes what a listing of all interfaces showed, for those who wait for
// one.
func (t *Tracker) Listed(uid types.UID, p Presence) {
	t.change(uid, func(x *State) {
		switch {
		case !x.AwaitsListing():
		case p == Ours: // it is looked at once more
			t.anew(x)
			x.shown = true
		default:
			x.Listed = p
		}
	})
}

func (t *Tracker) change(uid types.UID, change func(*State)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.byUID[uid]; x != nil {
		change(x)
	}
}

// anew forgets the looks so far. The caller holds mu.
func (t *Tracker) anew(x *State) {
	if x.Alone {
		t.alone--
	}
	x.Missed, x.Alone, x.Listed = time.Time{}, false, 0
}

// AwaitsListing reports whether the second look is a listing's that is still to
// come.
func (s State) AwaitsListing() bool {
	return !s.Missed.IsZero() && !s.Alone && !s.Detached && s.Listed == 0
}

// Seen is what the last look showed; it is zero where nobody has looked.
func (s State) Seen() Presence {
	switch {
	case s.Detached || !s.Missed.IsZero() || s.routesLeft:
		return Nowhere
	case s.shown:
		return Ours
	}
	return 0
}

// Due returns those for whom all interfaces are to be listed now.
func (t *Tracker) Due() (out []types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.listing) < t.staleness {
		return nil
	}
	for uid, x := range t.byUID {
		if x.AwaitsListing() && now.Sub(x.Missed) >= t.staleness {
			out = append(out, uid)
		}
	}
	if len(out) > 0 {
		t.listing = now
	}
	return out
}
