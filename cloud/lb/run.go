package lb

import (
	"context"
	"errors"

	"github.com/vpcnative/vpcnative/cloud"
)

// Run carries the actions out one after another and enters what each came to
// in the state. What needs an action that failed is left out, and so is what is
// to go last where anything before it failed; everything else is done. What
// only waits for a person with more rights holds nothing up, and a limit
// nothing that may make room under it. The errors are those of the actions, and
// one for each conflict.
func Run(ctx context.Context, b Balancers, plan Actions, state State) error {
	r := running{Balancers: b, state: state, failed: make([]failure, len(plan))}
	for i, a := range plan {
		r.failed[i] = r.step(ctx, a)
		if a.makes() {
			r.worst = max(r.worst, r.failed[i])
		}
	}
	return errors.Join(r.all...)
}

// failure is how an action failed.
type failure int

const (
	done failure = iota
	limited
	failed
)

type running struct {
	Balancers
	state  State
	failed []failure
	worst  failure // of what was to be made
	all    []error
}

func (r *running) step(ctx context.Context, a Action) failure {
	needs := done
	for _, need := range a.Needs {
		needs = max(needs, r.failed[need])
	}
	switch {
	case a.Verb == Conflict:
		r.all = append(r.all, &cloud.Error{Reason: cloud.Conflict, Act: "keep " + a.Kind, Resource: a.Path(), Err: errors.New(a.Why),
			Remedy: "nothing of it is changed"})
		return failed
	case !a.Done(), a.Last && r.worst == failed:
		return failed
	case needs != done:
		return needs
	}
	now, err := r.Apply(ctx, a, r.state)
	if err == nil {
		r.state.Note(a, now)
		return done
	}
	r.all = append(r.all, err)
	if _, admin := errors.AsType[*NeedsAdmin](err); admin {
		return done
	}
	if cloud.Is(err, cloud.LimitExceeded) || cloud.Is(err, cloud.QuotaExceeded) {
		return limited
	}
	return failed
}
