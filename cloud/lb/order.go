package lb

import (
	"cmp"
	"maps"
	"slices"
)

// order puts steps in an order in which they can be done. Of those that could
// come next it takes what is made anew first, so that it is missing for as
// short as can be; then what is made and edited; then what must go to make
// room, when all is made that does not need it; then what nobody needs any
// more; and what is to go when the goal is reached last. Steps that wait for each other in
// a circle, which takes resources that use each other so, come as they are.
func order(steps []Action) Actions {
	needs := before(steps)
	edges := lastAfterAll(steps, needs)
	users := make([][]int, len(steps)) // the other way round
	left := make([]int, len(steps))    // how many must still come before
	for i, first := range edges {
		left[i] = len(first)
		for _, j := range first {
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
		for _, need := range needs[next] {
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
	return madeFirst(steps, out)
}

// lastAfterAll adds what comes before what is to go last: all that is made.
func lastAfterAll(steps []Action, needs [][]int) [][]int {
	out := make([][]int, len(steps))
	for i, a := range steps {
		out[i] = slices.Clone(needs[i])
		for j, b := range steps {
			if a.Last && b.Done() && b.makes() {
				out[i] = append(out[i], j)
			}
		}
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out
}

// madeFirst has what goes to make room go when all is made that what comes
// then needs: a failure of that leaves it there.
func madeFirst(steps []Action, edges [][]int) [][]int {
	needs := make([]map[int]bool, len(steps)) // whatever it takes
	for i := range steps {
		needs[i] = reach(edges, i)
	}
	makesRoom := func(i int) bool { return steps[i].first }
	for d := range steps {
		if !makesRoom(d) {
			continue
		}
		before := map[int]bool{}
		for m := range steps {
			if !steps[m].makes() || !needs[m][d] {
				continue
			}
			for j := range needs[m] {
				if steps[j].makes() && !slices.ContainsFunc(slices.Collect(maps.Keys(needs[j])), makesRoom) {
					before[j] = true
				}
			}
		}
		edges[d] = slices.Compact(slices.Sorted(slices.Values(append(edges[d], slices.Collect(maps.Keys(before))...))))
	}
	return edges
}

func reach(edges [][]int, from int) map[int]bool {
	out := map[int]bool{}
	var take func(int)
	take = func(i int) {
		for _, j := range edges[i] {
			if !out[j] {
				out[j] = true
				take(j)
			}
		}
	}
	take(from)
	return out
}

// after reports whether a can only be done when b is.
func (a Action) after(b Action) bool {
	switch {
	case a.Verb == Delete && b.Verb == Delete:
		return slices.ContainsFunc(b.goes(), func(user Resource) bool { return slices.ContainsFunc(user.Uses, a.takes) })
	case a.Verb == Delete && b.Verb == Edit: // the user lets go first
		return slices.ContainsFunc(b.Got.Uses, func(r Ref) bool { return a.takes(r) && !b.Want.uses(r) })
	case a.Verb == Delete:
		return false
	case b.Verb == Delete:
		return b.takes(a.Ref) || a.Verb == Create && slices.ContainsFunc(b.goes(), func(r Resource) bool { return meet(a.Want.Claims, r.Claims) })
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
		case !a.Last:
			out[i] = 3
		default:
			out[i] = 4
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
