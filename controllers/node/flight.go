package node

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// slowFlight is when an operation gives its place up to others: a slow
	// or broken instance holds nobody up.
	slowFlight = 10 * time.Second
	// lostFlight is when an operation that does not end counts as one whose
	// outcome is unknown.
	lostFlight = 5 * time.Minute
)

// operation is one operation that the cloud was asked for.
type operation struct {
	landed bool
	err    error
}

// operations are the operations under way, one at most for each Node UID.
type operations struct {
	mu     sync.Mutex
	byUID  map[types.UID]*operation
	doubts map[types.UID]time.Time // until when an unknown attachment may still come
	parted map[types.UID]time.Time // until when an unknown detachment may still come
}

func newFlights() *operations {
	return &operations{byUID: map[types.UID]*operation{}, doubts: map[types.UID]time.Time{}, parted: map[types.UID]time.Time{}}
}

// of tells of the Node's operation: whether there is one, whether it has
// ended, and how. An operation that has ended is told of once.
func (f *operations) of(uid types.UID) (flying, landed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.byUID[uid]
	if fl == nil {
		return false, false, nil
	}
	if fl.landed {
		delete(f.byUID, uid)
	}
	return true, fl.landed, fl.err
}

// inDoubt gives how long an attachment of the Node's prefix may still come:
// as long, "not there" does not mean that it can rest.
func (f *operations) inDoubt(uid types.UID, now time.Time) time.Duration {
	return f.left(f.doubts, uid, now)
}

// parting gives how long a detachment of the Node's prefix may still come: as
// long, "there" does not mean that another Node can take it over.
func (f *operations) parting(uid types.UID, now time.Time) time.Duration {
	return f.left(f.parted, uid, now)
}

func (f *operations) left(of map[types.UID]time.Time, uid types.UID, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := of[uid]
	if !ok {
		return 0
	}
	if !now.Before(until) {
		delete(of, uid)
		return 0
	}
	return until.Sub(now)
}

// forgetOld drops doubts that are over. Nobody asks after those of a Node that
// came to publish, or whose prefix turned out to be another's.
func (f *operations) forgetOld(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	over := func(_ types.UID, until time.Time) bool { return !now.Before(until) }
	maps.DeleteFunc(f.doubts, over)
	maps.DeleteFunc(f.parted, over)
}

func (f *operations) setDoubt(uid types.UID, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doubts[uid] = until
}

func (f *operations) setParting(uid types.UID, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parted[uid] = until
}

func (f *operations) clearDoubt(uid types.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.doubts, uid)
	delete(f.parted, uid)
}

// watch waits for an operation beside the queue and brings the Node back
// when it has ended.
func (c *Controller) watch(ctx context.Context, ifaces cloud.Interfaces, uid types.UID, name string, op cloud.Operation) {
	fl := &operation{}
	c.flights.mu.Lock()
	c.flights.byUID[uid] = fl
	c.flights.mu.Unlock()
	go func() {
		slow := time.AfterFunc(slowFlight, func() { c.leaveGate(uid) })
		defer slow.Stop()
		waitCtx, cancel := context.WithTimeout(ctx, lostFlight)
		defer cancel()
		err := ifaces.Wait(waitCtx, op)
		c.leaveGate(uid) // the cloud is free for another while this Node is published
		c.letStart(ctx)
		c.flights.mu.Lock()
		fl.landed, fl.err = true, err
		c.flights.mu.Unlock()
		c.enqueue(name)
	}()
}

// letStart waits, for comeBy at most, until no place at the cloud is idle: to
// publish meanwhile would take processor time from the calls that start the
// next operations, and they take longest.
func (c *Controller) letStart(ctx context.Context) {
	late := time.NewTimer(comeBy)
	defer late.Stop()
	select {
	case <-c.gate.taken():
	case <-late.C:
	case <-ctx.Done():
	}
}
