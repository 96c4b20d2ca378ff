package inflight

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// slowAfter is when an operation gives its place up to others: a slow or
	// broken instance holds nobody up.
	slowAfter = 10 * time.Second
	// lostAfter is when an operation that does not end counts as one whose
	// outcome is unknown.
	lostAfter = 5 * time.Minute
)

// Operations are the operations under way, by Node UID, and for how long the
// change of one whose outcome is unknown may still come.
type Operations struct {
	now   func() time.Time
	doubt time.Duration

	mu        sync.Mutex
	byUID     map[types.UID]*operation
	attaching map[types.UID]time.Time // until when the change may still come
	detaching map[types.UID]time.Time
	listed    map[string]cloud.Interface // see TakeInterface
}

type operation struct {
	ended bool
	err   error
}

// State is how it stands with a Node's operation.
type State struct {
	UnderWay, Ended bool
	Err             error // of one that has ended
	// MayAttach is for how long an attachment of the Node's prefix may still
	// come: as long, "not there" does not mean that the prefix can rest.
	MayAttach time.Duration
	// MayDetach is for how long a detachment of it may still come: as long,
	// "there" does not mean that another Node can take it over.
	MayDetach time.Duration
}

// NewOperations makes one that knows of no operation. Doubt is how long after
// an unknown outcome the change may still come.
func NewOperations(now func() time.Time, doubt time.Duration) *Operations {
	return &Operations{now: now, doubt: doubt, byUID: map[types.UID]*operation{},
		attaching: map[types.UID]time.Time{}, detaching: map[types.UID]time.Time{}}
}

// Forget drops the Node's operation, which has ended: what came of it was taken
// note of.
func (o *Operations) Forget(uid types.UID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byUID, uid)
}

// Of returns how it stands with the Node's operation.
func (o *Operations) Of(uid types.UID) State {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	s := State{MayAttach: max(o.attaching[uid].Sub(now), 0), MayDetach: max(o.detaching[uid].Sub(now), 0)}
	if op := o.byUID[uid]; op != nil {
		s.UnderWay, s.Ended, s.Err = !op.ended, op.ended, op.err
	}
	return s
}

// MayAttach notes that an attachment of the Node's prefix may still come.
func (o *Operations) MayAttach(uid types.UID) { o.set(o.attaching, uid) }

// MayDetach notes that a detachment of the Node's prefix may still come.
func (o *Operations) MayDetach(uid types.UID) { o.set(o.detaching, uid) }

func (o *Operations) set(of map[types.UID]time.Time, uid types.UID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	of[uid] = o.now().Add(o.doubt)
}

// Clear forgets what may still come of the Node's prefix.
func (o *Operations) Clear(uid types.UID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.attaching, uid)
	delete(o.detaching, uid)
}

// ForgetOld drops what cannot come any more. Nobody asks after that of a Node
// that came to publish, or whose prefix turned out to be another's.
func (o *Operations) ForgetOld() {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	over := func(_ types.UID, until time.Time) bool { return !now.Before(until) }
	maps.DeleteFunc(o.attaching, over)
	maps.DeleteFunc(o.detaching, over)
}

// Watch waits in the background for the Node's operation to end. It calls leave
// when it ends or takes long, and ended once it has ended.
func (o *Operations) Watch(ctx context.Context, uid types.UID, wait func(context.Context) error, leave, ended func()) {
	op := &operation{}
	o.mu.Lock()
	o.byUID[uid] = op
	o.mu.Unlock()
	go func() {
		timer := time.AfterFunc(slowAfter, leave)
		defer timer.Stop()
		waitCtx, cancel := context.WithTimeout(ctx, lostAfter)
		defer cancel()
		err := wait(waitCtx)
		leave()
		o.mu.Lock()
		op.ended, op.err = true, err
		o.mu.Unlock()
		ended()
	}()
}
