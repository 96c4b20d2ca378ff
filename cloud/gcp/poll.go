package gcp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// fewOperations are asked for by name: cheaper than a list.
	fewOperations = 2
	// askedByName is how many operations that the list did not show are
	// asked for by name in one round.
	askedByName = 16
	// notYetShown is how long a new operation may be unknown to a replica of
	// the cloud. Later, "not found" means that it has expired.
	notYetShown = 10 * time.Second
)

// poll looks once at all operations that are waited for in the scope.
func (p *poller) poll(w *watch) {
	p.mu.Lock()
	n := len(w.ops)
	p.mu.Unlock()
	var err error
	if n > fewOperations {
		err = p.list(w, n)
	}
	if err == nil {
		err = p.askEach(w, n > fewOperations)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.polled = time.Now()
	w.pace.looked(w.polled)
	if w.last = err; err == nil {
		w.fails = 0
		return
	}
	w.fails++
	// Without the right to look, waiting is in vain.
	if r := cloud.ReasonOf(err); r == cloud.PermissionDenied || r == cloud.Unauthenticated {
		for name, op := range w.ops {
			op.err = err
			delete(w.ops, name)
			close(op.done)
		}
	}
}

// list reads the newest operations of the scope: twice as many as are waited
// for (others finish in between, and others work in this zone too), then as
// many again while some are missing. What lies deeper is asked for by name.
func (p *poller) list(w *watch, n int) error {
	size := int64(min(2*n+20, pageSize))
	token := ""
	for range 2 + 2*n/pageSize {
		l, err := once(p, methodsOf(w.scope).list, w.scope, func(ctx context.Context) (page[operation], error) {
			return p.vpc.api.operations(ctx, w.scope, size, token)
		})
		if err != nil {
			return err
		}
		if p.took(w, l.items) || l.next == "" {
			return nil
		}
		token = l.next
	}
	return nil
}

// took settles what is done and reports whether all were among the listed.
func (p *poller) took(w *watch, listed []operation) bool {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range listed {
		op := w.ops[o.name]
		if op == nil {
			continue
		}
		op.asked = now
		if o.done {
			op.result = o
			w.end(o.name, op)
		}
	}
	for _, op := range w.ops {
		if op.asked != now {
			return false
		}
	}
	return true
}

// askEach asks by name: for all where there are few, else for those that the
// list did not show, each in its own time.
func (p *poller) askEach(w *watch, listed bool) error {
	now := time.Now()
	var names []string
	p.mu.Lock()
	for name, op := range w.ops {
		if !listed || now.Sub(op.asked) >= w.pace.interval(now.Sub(op.since)) {
			names = append(names, name)
		}
	}
	p.mu.Unlock()
	slices.Sort(names)
	for _, name := range names[:min(len(names), askedByName)] {
		if err := p.ask(w, name); err != nil {
			return err
		}
	}
	return nil
}

func (p *poller) ask(w *watch, name string) error {
	o, err := once(p, methodsOf(w.scope).get, w.scope, func(ctx context.Context) (operation, error) {
		return p.vpc.api.operation(ctx, w.scope, name)
	})
	p.mu.Lock()
	op := w.ops[name]
	if op != nil {
		op.asked = time.Now()
	}
	gone := op != nil && cloud.Is(err, cloud.NotFound) && time.Since(op.since) > notYetShown
	p.mu.Unlock()
	switch {
	case gone:
		p.settle(w, name, operation{}, fmt.Errorf("the cloud has forgotten the operation: %w", err))
	case cloud.Is(err, cloud.NotFound):
	case err != nil:
		return err
	case o.done:
		p.settle(w, name, o, nil)
	}
	return nil
}

// once makes one read without repeating it: the next poll is the repeat.
func once[T any](p *poller, method string, in scope, f func(context.Context) (T, error)) (T, error) {
	var got T
	err := p.vpc.once(p.ctx, cloud.Call{Method: method, Scope: in.quota()}, subject{"look at operations", string(in)},
		func(ctx context.Context) (err error) {
			got, err = f(ctx)
			return err
		})
	return got, err
}

func methodsOf(s scope) (m struct{ list, get string }) {
	switch _, kind, _ := s.split(); kind {
	case "zones":
		m.list, m.get = methodZoneOps, methodZoneOp
	case "global":
		m.list, m.get = methodGlobalOps, methodGlobalOp
	default:
		m.list, m.get = methodRegionOps, methodRegionOp
	}
	return m
}
