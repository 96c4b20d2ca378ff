package lb

import (
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// Orphan is a resource of ours that nobody needs.
type Orphan struct {
	Resource
	Why string
}

// Orphans finds what is ours and has no owner that lives, and what was shared
// and is used by nothing. Something half made may be among them: they are to
// go only when they are found again after a grace time.
func Orphans(got State, lives func(cloud.Owner) bool) []Orphan {
	var out []Orphan
	for _, r := range got.Sorted() {
		switch {
		case r.Foreign():
		case r.Shared:
			if !used(got, r.Ref) {
				out = append(out, Orphan{r, "unused"})
			}
		case !lives(r.Owner):
			out = append(out, Orphan{r, "owner deleted"})
		}
	}
	return out
}

func used(got State, ref Ref) bool {
	for _, r := range got {
		if r.uses(ref) {
			return true
		}
	}
	return false
}

// Removal plans the deletion of these and of nothing else, users first. What is
// protected stays, and all that it uses.
func Removal(list []Orphan) Actions {
	var steps []Action
	for _, o := range list {
		if !o.Foreign() && !slices.ContainsFunc(steps, func(a Action) bool { return a.Ref == o.Ref }) {
			r := o.Resource
			steps = append(steps, Action{Verb: Delete, Ref: r.Ref, Why: o.Why, Got: &r})
		}
	}
	p := &planner{got: State{}, steps: steps}
	for _, a := range steps {
		p.got[a.Ref] = *a.Got
	}
	p.gotList = p.got.Sorted()
	p.protect()
	return order(withParts(p.steps))
}
