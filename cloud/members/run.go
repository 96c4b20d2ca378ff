package members

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
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

// Run carries changes out, so many calls at a time, and gives what came of each
// in the same order. Groups take turns call by call, so that one with many
// changes keeps no other waiting.
func Run(ctx context.Context, groups Groups, changes []Change, calls int) []Result {
	out := make([]Result, len(changes))
	turns := make(chan int, len(changes)) // a group is in it once at most
	steps := make([][]step, len(changes))
	open := 0
	for i, c := range changes {
		out[i].Group = c.Group
		if steps[i] = stepsOf(c, groups.Limits()); len(steps[i]) > 0 {
			turns <- i
			open++
		}
	}
	if open == 0 {
		return out
	}
	ended := make(chan struct{}, len(changes))
	go func() {
		for range open {
			<-ended
		}
		close(turns)
	}()
	var workers errgroup.Group
	for range min(calls, open) {
		workers.Go(func() error {
			for i := range turns {
				steps[i] = after(steps[i], &out[i], func(s step) { s.do(ctx, groups, &out[i]) })
				if len(steps[i]) == 0 || out[i].Err != nil {
					ended <- struct{}{}
					continue
				}
				turns <- i
			}
			return nil
		})
	}
	_ = workers.Wait() // workers fail in their results
	return out
}

// after does the first step, and gives those that are left. One for which there
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
