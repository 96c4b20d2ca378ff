package loadbalancer

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// executor carries actions out on a view: only while this manager leads, one at a
// time for each resource, on what is there by then, and noting what became of
// each.
type executor struct {
	*View
	e     *Engine
	owner cloud.Owner   // for whom it works
	want  []lb.Resource // all that it is to have
}

// Apply carries out one action, unless another worker has.
func (h executor) Apply(ctx context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	unlock, err := h.lock(ctx, a.Ref)
	if err != nil {
		return lb.Resource{}, err
	}
	defer unlock()
	a, now, done, err := h.again(a)
	if err != nil || done {
		return now, err
	}
	if err := h.e.leads(ctx, a.Verb, a.Ref); err != nil {
		return lb.Resource{}, err
	}
	log.FromContext(ctx).Info("changing the cloud", "verb", a.Verb, "resource", a.Ref.String(), "why", a.Why)
	now, err = h.Balancers.Apply(ctx, a, got)
	h.e.Metrics.acted(a.Verb, err)
	if err != nil {
		h.hesitate(a, err)
		return now, err
	}
	h.note(a, now)
	if makesShared(a) {
		h.e.lookAtPools()
	}
	if a.Verb == lb.Create && now.Members != nil {
		return now, h.fill(ctx, now.Ref)
	}
	return now, nil
}

// leads refuses a change where this manager may not lead any more.
func (e *Engine) leads(ctx context.Context, verb lb.Verb, of fmt.Stringer) error {
	if e.StillLeads == nil {
		return nil
	}
	if err := e.StillLeads(ctx); err != nil {
		return fmt.Errorf("%s %s: not done, as this manager may not lead any more: %w", verb, of, err)
	}
	return nil
}

// makesShared reports whether an action makes what a set's balancers share: a
// pool, which all of them are to use.
func makesShared(a lb.Action) bool {
	return a.Verb == lb.Create && a.Want.Shared
}

// again plans the action once more, on what the store has by now: what several
// owners share is made by the first that comes.
func (h executor) again(a lb.Action) (_ lb.Action, now lb.Resource, done bool, err error) {
	state := h.view()
	had, there := state[a.Ref]
	if a.Verb == lb.Delete {
		if !there || had.Owner != a.Got.Owner {
			return a, lb.Resource{}, true, nil
		}
		a.Got = &had
		return a, lb.Resource{}, false, nil
	}
	plan := lb.Plan(h.Rules(), state, lb.Goal{Owner: a.Want.Owner, Want: []lb.Resource{*a.Want}, Keep: true})
	switch {
	case len(plan) == 0:
		return a, had, true, nil
	case len(plan) == 1 && plan[0].Done():
		return plan[0], now, false, nil
	}
	h.doubt(a.Want.Owner)
	return a, now, false, &cloud.Error{Reason: cloud.Stale, Act: string(a.Verb) + " " + a.Kind, Resource: a.Path(),
		Err: errors.New("it was changed meanwhile: " + plan[0].Why)}
}

// hesitate has what an error leaves open read before the next plan.
func (h executor) hesitate(a lb.Action, err error) {
	if _, lingers := errors.AsType[*lb.Lingers](err); lingers {
		return // nothing else is open
	}
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown, cloud.Stale, cloud.NotFound, cloud.Conflict, cloud.Unavailable, cloud.QuotaExceeded:
		h.doubt(h.owner)
		if a.Want != nil {
			h.doubt(a.Want.Owner)
		}
		if a.Got != nil {
			h.doubt(a.Got.Owner)
		}
	}
}
