package members

import (
	"context"
	"errors"
	"slices"
)

// Result is what came of one group's change.
type Result struct {
	Group
	Attached, Detached []string
	// Left are those that the cloud does not take: to be set aside. Of those
	// that were to leave, none is left: what a group does not know it does not
	// hold; but what it holds is in doubt.
	Left []Left
	// Doubt: what the group holds is to be listed.
	Doubt bool
	// Err is what kept the rest of the change from being made.
	Err error
}

// Run carries a group's change out, call by call.
func Run(ctx context.Context, groups Groups, c Change) Result {
	out := Result{Group: c.Group}
	for steps := stepsOf(c, groups.Limits()); len(steps) > 0 && out.Err == nil; {
		steps = after(steps, &out, func(s step) { s.do(ctx, groups, &out) })
	}
	return out
}

// Turns are how many calls are made at a time. Those that wait come in their
// order, so that a group with many calls keeps no other waiting.
type Turns chan struct{}

// NewTurns has so many calls made at a time.
func NewTurns(calls int) Turns { return make(Turns, calls) }

// Of has the calls of groups take turns.
func (t Turns) Of(groups Groups) Groups { return inTurns{groups, t} }

type inTurns struct {
	Groups
	turns Turns
}

func (t inTurns) take() (done func()) {
	t.turns <- struct{}{}
	return func() { <-t.turns }
}

func (t inTurns) List(ctx context.Context, g Group) ([]string, error) {
	defer t.take()()
	return t.Groups.List(ctx, g)
}

func (t inTurns) Attach(ctx context.Context, g Group, members []string) error {
	defer t.take()()
	return t.Groups.Attach(ctx, g, members)
}

func (t inTurns) Detach(ctx context.Context, g Group, members []string) error {
	defer t.take()()
	return t.Groups.Detach(ctx, g, members)
}

// after does the first step, and returns those that are left. One for which there
// is no room comes once more when those that leave have left.
func after(steps []step, r *Result, do func(step)) []step {
	first, rest := steps[0], steps[1:]
	do(first)
	_, full := errors.AsType[*Full](r.Err)
	leave := func(s step) bool { return !s.attach }
	if !full || !first.attach || !slices.ContainsFunc(rest, leave) {
		return rest
	}
	r.Err, r.Doubt = nil, false
	come := append([]step{first}, slices.DeleteFunc(slices.Clone(rest), leave)...)
	return append(slices.DeleteFunc(slices.Clone(rest), func(s step) bool { return s.attach }), come...)
}

// step is one call's members.
type step struct {
	attach  bool
	members []string
}

// stepsOf cuts a change into calls. Who comes is there before who goes has
// left, where there is room for both.
func stepsOf(c Change, limits Limits) (out []step) {
	cut := func(attach bool, list []string) (steps []step) {
		for part := range slices.Chunk(list, max(1, limits.Call)) {
			steps = append(steps, step{attach, part})
		}
		return steps
	}
	come, leave := append(cut(true, c.Attach), cut(true, c.Again)...), cut(false, c.Detach)
	if c.DetachFirst {
		return append(leave, come...)
	}
	return append(come, leave...)
}

func (s step) do(ctx context.Context, groups Groups, r *Result) {
	call, done := groups.Detach, &r.Detached
	if s.attach {
		call, done = groups.Attach, &r.Attached
	}
	err := call(ctx, r.Group, s.members)
	if err == nil {
		*done = append(*done, s.members...)
		return
	}
	refused, is := errors.AsType[*Refused](err)
	if !is {
		r.Err, r.Doubt = err, true
		return
	}
	named := common(s.members, refused.Named)
	switch {
	case len(named) > 0 && len(named) < len(s.members):
		s.leave(named, err, r)
		step{s.attach, without(s.members, named)}.do(ctx, groups, r)
	case len(s.members) == 1, len(named) == len(s.members):
		s.leave(s.members, err, r)
	default:
		half := len(s.members) / 2
		for _, part := range [][]string{s.members[:half], s.members[half:]} {
			if r.Err == nil {
				(step{s.attach, part}).do(ctx, groups, r)
			}
		}
	}
}

// leave enters members that are not taken.
func (s step) leave(members []string, err error, r *Result) {
	if !s.attach { // the group does not know them
		r.Detached, r.Doubt = append(r.Detached, members...), true
		return
	}
	for _, m := range members {
		r.Left = append(r.Left, Left{m, err})
	}
}

// common are those of a list that the other has too.
func common(list, other []string) (out []string) {
	for _, m := range list {
		if slices.Contains(other, m) {
			out = append(out, m)
		}
	}
	return out
}
