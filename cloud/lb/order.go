package lb

import (
	"cmp"
	"slices"
)

// order puts steps in an order in which they can be done. Of those that could
// come next it takes what is made anew first, so that it is missing for as
// short as can be; then what is made and edited; then what must go to make
// room; and what nobody needs any more last. Steps that wait for each other in
// a circle, which takes resources that use each other so, come as they are.
func order(steps []Action) Actions {
	edges := before(steps)
	users := make([][]int, len(steps)) // the other way round
	left := make([]int, len(steps))    // how many must still come before
	for i, needs := range edges {
		left[i] = len(needs)
		for _, j := range needs {
			users[j] = append(users[j], i)
		}
	}
	classes := classes(steps, edges)
	at := make([]int, len(steps))
	done := make([]bool, len(steps))
	out := make(Actions, 0, len(steps))
	for len(out) < len(steps) {
		next := -1
		for i := range steps {
			if !done[i] && (next < 0 || cmp.Or(cmp.Compare(left[i], left[next]), cmp.Compare(classes[i], classes[next]),
				compareRefs(steps[i].Ref, steps[next].Ref)) < 0) {
				next = i
			}
		}
		done[next], at[next] = true, len(out)
		a := steps[next]
		for _, need := range edges[next] {
			if done[need] {
				a.Needs = append(a.Needs, at[need])
			}
		}
		slices.Sort(a.Needs)
		out = append(out, a)
		for _, i := range users[next] {
			left[i]--
		}
	}
	return out
}

// before lists for each step those that must come before it.
func before(steps []Action) [][]int {
	out := make([][]int, len(steps))
	for i, a := range steps {
		for j, b := range steps {
			if i != j && a.Done() && b.Done() && a.after(b) {
				out[i] = append(out[i], j)
			}
		}
	}
	return out
}

// after tells whether a can only be done when b is.
func (a Action) after(b Action) bool {
	switch {
	case a.Verb == Delete && b.Verb == Delete:
		return b.Got.uses(a.Ref)
	case a.Verb == Delete && b.Verb == Edit: // the user lets go first
		return b.Got.uses(a.Ref) && !b.Want.uses(a.Ref)
	case a.Verb == Delete:
		return false
	case b.Verb == Delete:
		return a.Ref == b.Ref || a.Verb == Create && meet(a.Want.Claims, b.Got.Claims)
	default:
		return a.Want.uses(b.Ref)
	}
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// classes say which of the steps that could be next is.
func classes(steps []Action, edges [][]int) []int {
	room := makingRoom(steps, edges)
	out := make([]int, len(steps))
	for i, a := range steps {
		switch {
		case a.Verb == Create && slices.ContainsFunc(edges[i], func(j int) bool { return steps[j].Verb == Delete }):
			out[i] = 0
		case a.Verb != Delete:
			out[i] = 1
		case room[i]:
			out[i] = 2
		default:
			out[i] = 3
		}
	}
	return out
}

// makingRoom marks the deletions that something waits for.
func makingRoom(steps []Action, edges [][]int) []bool {
	room := make([]bool, len(steps))
	for changed := true; changed; {
		changed = false
		for i, needs := range edges {
			for _, j := range needs {
				if steps[j].Verb == Delete && !room[j] && (steps[i].Verb != Delete || room[i]) {
					room[j], changed = true, true
				}
			}
		}
	}
	return room
}
