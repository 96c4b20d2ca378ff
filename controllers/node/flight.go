package node

import (
	"context"
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

// flight is one operation that the cloud was asked for.
type flight struct {
	landed bool
	err    error
}

// flights are the operations under way, one at most for each Node UID.
type flights struct {
	mu     sync.Mutex
	byUID  map[types.UID]*flight
	doubts map[types.UID]time.Time // until when an unknown outcome is in doubt
}

func newFlights() *flights {
	return &flights{byUID: map[types.UID]*flight{}, doubts: map[types.UID]time.Time{}}
}

// of tells of the Node's operation: whether there is one, whether it has
// ended, and how. An operation that has ended is told of once.
func (f *flights) of(uid types.UID) (flying, landed bool, err error) {
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

// inDoubt gives how long the outcome of an earlier change of the Node's
// interface stays in doubt.
func (f *flights) inDoubt(uid types.UID, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.doubts[uid]
	if !ok {
		return 0
	}
	if !now.Before(until) {
		delete(f.doubts, uid)
		return 0
	}
	return until.Sub(now)
}

func (f *flights) setDoubt(uid types.UID, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doubts[uid] = until
}

func (f *flights) clearDoubt(uid types.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.doubts, uid)
}

// watch waits for an operation beside the queue and brings the Node back
// when it has ended.
func (c *Controller) watch(ctx context.Context, ifaces cloud.Interfaces, uid types.UID, name string, op cloud.Operation) {
	fl := &flight{}
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
		c.flights.mu.Lock()
		fl.landed, fl.err = true, err
		c.flights.mu.Unlock()
		c.enqueue(name)
	}()
}
