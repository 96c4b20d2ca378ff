package loadbalancer

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// hand carries actions out on a book: only while this manager leads, one at a
// time for each resource, on what is there by then, and noting what became of
// each.
type hand struct {
	*book
	c     *Controller
	owner cloud.Owner // for whom it works
}

// Apply carries out one action, unless another worker has.
func (h hand) Apply(ctx context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	defer h.lock(a.Ref)()
	a, now, done, err := h.again(a)
	if err != nil || done {
		return now, err
	}
	if h.c.StillLeads != nil {
		if err := h.c.StillLeads(ctx); err != nil {
			return lb.Resource{}, fmt.Errorf("%s %s: not done, as this manager may not lead any more: %w", a.Verb, a.Ref, err)
		}
	}
	log.FromContext(ctx).Info("changing the cloud", "verb", a.Verb, "resource", a.Ref.String(), "why", a.Why)
	now, err = h.Balancers.Apply(ctx, a, got)
	h.c.Metrics.acted(a.Verb, err)
	if err != nil {
		h.hesitate(a, err)
		return now, err
	}
	h.note(a, now)
	if makesShared(a) {
		h.c.lookAtPools()
	}
	return now, nil
}

// makesShared tells whether an action makes what a set's balancers share: a
// pool, which all of them are to use.
func makesShared(a lb.Action) bool {
	return a.Verb == lb.Create && a.Want.Owner.Kind == lb.KindNodeSet
}

// again plans the action once more, on what the book has by now: what several
// Services share is made by the first that comes.
func (h hand) again(a lb.Action) (_ lb.Action, now lb.Resource, done bool, err error) {
	state := h.view()
	had, there := state[a.Ref]
	if a.Verb == lb.Delete {
		if !there || had.Owner != a.Got.Owner {
			return a, lb.Resource{}, true, nil
		}
		a.Got = &had
		return a, lb.Resource{}, false, nil
	}
	if fresh, is := h.fresh(a.Want, state); is {
		a.Want = &fresh
	}
	plan := lb.Plan(h.Rules(), state, lb.Goal{Owner: a.Want.Owner, Want: []lb.Resource{*a.Want}, Keep: true})
	switch {
	case len(plan) == 0:
		return a, had, true, nil
	case len(plan) == 1 && plan[0].Done():
		return plan[0], now, false, nil
	}
	h.doubt(a.Want.Owner)
	return a, now, false, &cloud.Error{Reason: cloud.Stale, Act: string(a.Verb) + " " + a.Kind, Resource: a.Name,
		Err: errors.New("meanwhile it is another: " + plan[0].Why)}
}

// fresh is a pool with the nodes there are by now: a plan that took long would
// undo what came of a newer one.
func (h hand) fresh(want *lb.Resource, state lb.State) (lb.Resource, bool) {
	if want.Owner.Kind != lb.KindNodeSet || want.Fields[lb.FieldMembers] == nil {
		return lb.Resource{}, false
	}
	for _, s := range h.selections() {
		if lb.SetOwner(h.c.ClusterID, s.Name) != want.Owner {
			continue
		}
		for _, pool := range h.Members(NodeSetOf(h.c.ClusterID, s, h.c.Nodes()), state) {
			if pool.Ref == want.Ref {
				return pool, true
			}
		}
	}
	return lb.Resource{}, false
}

// hesitate has what an error leaves open read before the next plan.
func (h hand) hesitate(a lb.Action, err error) {
	if _, lingers := errors.AsType[*lb.Lingers](err); lingers {
		return // nothing else is open
	}
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown, cloud.Stale, cloud.NotFound, cloud.Conflict, cloud.Unavailable:
		h.doubt(h.owner)
		if a.Want != nil {
			h.doubt(a.Want.Owner)
		}
		if a.Got != nil {
			h.doubt(a.Got.Owner)
		}
	}
}
