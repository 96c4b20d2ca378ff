package gcp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// poller waits for operations. All who wait in one scope share one goroutine
// that looks at the scope's operations in bulk; it lives while somebody
// waits there.
type poller struct {
	vpc    *vpc
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	scopes map[scope]*watch
	paces  map[scope]*pace // outlive the watches
}

// watch is one scope's waiting. Its fields are guarded by poller.mu.
type watch struct {
	scope  scope
	ops    map[string]*pending
	wake   chan struct{} // the waiting has changed
	fails  int           // polls that failed in a row
	last   error         // of the latest failed poll, nil after a good one
	polled time.Time
	pace   *pace
}

// pending is one operation and those who wait for it.
type pending struct {
	since, asked time.Time // first waited for; last asked for by name
	waiters      int
	done         chan struct{}
	result       operation
	err          error
}

func newPoller(v *vpc) *poller {
	ctx, cancel := context.WithCancel(context.Background())
	return &poller{vpc: v, ctx: ctx, cancel: cancel, scopes: map[scope]*watch{}, paces: map[scope]*pace{}}
}

func (p *poller) close() { p.cancel() }

// errClosed is what waiters get when the adapter is closed.
var errClosed = errors.New("the adapter was closed while the operation was under way")

// wait returns the finished operation. Its errors are all OutcomeUnknown:
// that we cannot see the operation says nothing about what it did.
func (p *poller) wait(ctx context.Context, in scope, name string, about subject) (operation, error) {
	w, op := p.join(in, name)
	select {
	case <-op.done:
		p.leave(w, name, op)
		if op.err != nil {
			return operation{}, unknown(about, op.err)
		}
		return op.result, nil
	case <-ctx.Done():
		last := p.leave(w, name, op)
		err := fmt.Errorf("operation %s was not done in time: %w", name, ctx.Err())
		if last != nil {
			err = fmt.Errorf("%w; the last look at it failed: %w", err, last)
		}
		return operation{}, unknown(about, err)
	case <-p.ctx.Done():
		p.leave(w, name, op)
		return operation{}, unknown(about, errClosed)
	}
}

func unknown(about subject, err error) error {
	return &cloud.Error{Reason: cloud.OutcomeUnknown, Act: about.act, Resource: about.resource,
		Err: err, Remedy: remedy(cloud.OutcomeUnknown, "", "", "")}
}

func (p *poller) join(in scope, name string) (*watch, *pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.scopes[in]
	if w == nil {
		w = &watch{scope: in, ops: map[string]*pending{}, wake: make(chan struct{}, 1), polled: time.Now(), pace: p.paceOf(in)}
		p.scopes[in] = w
		go p.run(w)
	}
	op := w.ops[name]
	if op == nil {
		op = &pending{since: time.Now(), done: make(chan struct{})}
		w.ops[name] = op
		w.changed()
	}
	op.waiters++
	return w, op
}

func (p *poller) paceOf(in scope) *pace {
	if p.paces[in] == nil {
		p.paces[in] = newPace(p.vpc.PollMin, p.vpc.PollMax)
	}
	return p.paces[in]
}

// leave returns the error of the latest poll, where it failed.
func (p *poller) leave(w *watch, name string, op *pending) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	op.waiters--
	if op.waiters == 0 && w.ops[name] == op {
		delete(w.ops, name)
		w.changed()
	}
	return w.last
}

func (w *watch) changed() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run polls until nobody waits.
func (p *poller) run(w *watch) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due, any := p.due(w)
		if !any {
			return
		}
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
			p.poll(w)
		case <-w.wake:
		case <-p.ctx.Done():
			return
		}
	}
}

// due says when to look next; while looks fail, ever later. When nobody waits,
// the watch is taken down.
func (p *poller) due(w *watch) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(w.ops) == 0 {
		delete(p.scopes, w.scope)
		return time.Time{}, false
	}
	since := make([]time.Time, 0, len(w.ops))
	for _, op := range w.ops {
		since = append(since, op.since)
	}
	now := time.Now()
	if w.fails > 0 {
		return w.polled.Add(min(w.pace.byAge(now, since)<<min(w.fails, 10), p.vpc.PollMax)), true
	}
	return w.pace.next(w.polled, now, since), true
}

// end wakes those who wait for an operation that is done.
func (w *watch) end(name string, op *pending) {
	if op.err == nil {
		w.pace.took(time.Since(op.since))
	}
	delete(w.ops, name)
	close(op.done)
}

// settle hands an operation's end to those who wait for it.
func (p *poller) settle(w *watch, name string, result operation, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if op := w.ops[name]; op != nil {
		op.result, op.err = result, err
		w.end(name, op)
	}
}
