package loadbalancer

import (
	"context"
	"errors"
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Remove takes down what an owner has, by every view; done reports that it is
// gone.
func (e *Engine) Remove(ctx context.Context, w Wanted) (is Outcome, done bool) {
	for _, k := range e.all() {
		if is, done := e.takeDown(ctx, k, w); !done {
			return is, false
		}
	}
	return Outcome{}, true
}

// takeDown deletes what the owner has by one view.
func (e *Engine) takeDown(ctx context.Context, k *View, w Wanted) (is Outcome, done bool) {
	owner := w.owner()
	if err := k.settle(ctx, owner); err != nil {
		return Troubled(err), false
	}
	k.leave(owner)
	state := k.view()
	plan := lb.Plan(k.Rules(), state, lb.Goal{Owner: owner, Unprotect: w.unprotected()})
	err, lingers := e.turn(owner).beyondLingering(e.Now(), lb.Run(ctx, executor{View: k, e: e, owner: owner}, plan, state))
	if err != nil {
		k.doubt(owner)
		return Troubled(fmt.Errorf("deleting the %s: %w", w.what(), err)), false
	}
	if lingers && w.Lent {
		return Outcome{Reason: string(cloud.Conflict), Text: "deleting the " + w.what() + ": it is still in use" + onceUnused, Again: pendingPause}, false
	}
	if lingers {
		return Outcome{Reason: v1alpha1.ReasonPending, Text: "the " + w.what() + " is deleted; the cloud has not released its network interfaces yet", Again: pendingPause}, false
	}
	if k.has(owner) {
		k.doubt(owner)
		return Outcome{Reason: v1alpha1.ReasonPending, Text: "the cloud is still deleting the " + w.what(), Again: pendingPause}, false
	}
	return Outcome{}, true
}

// leaveOthers takes down what an owner has elsewhere than in the Network that
// it names now. What two Networks share stays.
func (e *Engine) leaveOthers(ctx context.Context, w Wanted, here *View) (is Outcome, done bool) {
	if e.DryRun {
		return Outcome{}, true
	}
	for _, k := range e.all() {
		if k.store != here.store && k.has(w.owner()) {
			if is, done := e.takeDown(ctx, k, w); !done {
				return is, false
			}
		}
	}
	return Outcome{}, true
}

// RemoveOrphans carries out the removal of what was found to be there, without
// an engine. removed is told of each thing that is gone.
func RemoveOrphans(ctx context.Context, b lb.Balancers, state lb.State, list []lb.Orphan, removed func(lb.Resource)) error {
	return lb.Run(ctx, remover{b, removed}, lb.Removal(list), state)
}

type remover struct {
	lb.Balancers
	removed func(lb.Resource)
}

// Apply deletes, and nothing else.
func (r remover) Apply(ctx context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	if a.Verb != lb.Delete {
		return lb.Resource{}, errors.New("a removal that is to " + string(a.Verb) + " " + a.Ref.String())
	}
	now, err := r.Balancers.Apply(ctx, a, got)
	if err == nil {
		r.removed(*a.Got)
		for _, part := range a.Parts {
			r.removed(part)
		}
	}
	return now, err
}

// Everything is all that the cluster made for owners of kinds that are judged,
// but for what those that live have and use: they may be another Network's of
// the same region.
func Everything(state lb.State, clusterID string, lives func(cloud.Owner) bool) (out []lb.Orphan) {
	stay := map[lb.Ref]bool{}
	var keep func(lb.Resource)
	keep = func(r lb.Resource) {
		if stay[r.Ref] {
			return
		}
		stay[r.Ref] = true
		for _, used := range r.Uses {
			keep(state[used])
		}
	}
	for _, r := range state {
		if !r.Foreign() && !r.Shared && lives(r.Owner) {
			keep(r)
		}
	}
	for _, r := range state.Sorted() {
		if r.Owner.ClusterID == clusterID && !stay[r.Ref] {
			out = append(out, lb.Orphan{Resource: r, Why: "its Network is deleted"})
		}
	}
	return out
}
