package lb

import (
	"fmt"
	"slices"
	"strings"
)

// Verb is what is done.
type Verb string

// The verbs. Wait, Conflict and Blocked are not done: they say what cannot be,
// or not yet.
const (
	Create   Verb = "create"
	Edit     Verb = "edit"
	Delete   Verb = "delete"
	Wait     Verb = "wait"     // it goes when what takes its place serves
	Conflict Verb = "conflict" // what has the name is not ours
	Blocked  Verb = "blocked"  // it needs something that is in conflict
)

// Change is one field's difference.
type Change struct {
	Field    string
	From, To []string
}

// Action is one step of a plan.
type Action struct {
	Verb Verb
	Ref
	// Why is a clause: "the port changed".
	Why  string
	Diff []Change
	// Got is what is there, Want what is wanted; either is nil where there is
	// none.
	Got, Want *Resource
	// Parts go with it, where it is deleted.
	Parts []Resource
	// Looks is what has to be looked at again to know how long it waits.
	Looks []Ref
	// Needs are the actions, by their place in the plan, that must have been
	// done before.
	Needs []int
	// Last: it goes when the goal is reached otherwise. What fails for a limit,
	// which its going may make room for, does not keep it.
	Last bool
	// first: something of the goal can only be made when it is gone.
	first bool
}

// Done reports whether the action is one that an adapter carries out.
func (a Action) Done() bool { return a.Verb == Create || a.Verb == Edit || a.Verb == Delete }

// makes reports whether it is to bring something of the goal about.
func (a Action) makes() bool { return a.Want != nil }

// takes reports whether the action deletes the resource.
func (a Action) takes(ref Ref) bool {
	return a.Verb == Delete && (a.Ref == ref || slices.ContainsFunc(a.Parts, func(r Resource) bool { return r.Ref == ref }))
}

// goes are what it deletes.
func (a Action) goes() []Resource { return append([]Resource{*a.Got}, a.Parts...) }

// Changes reports whether the field differs.
func (a Action) Changes(field string) bool {
	return slices.ContainsFunc(a.Diff, func(c Change) bool { return c.Field == field })
}

// Actions are a plan: each after those it needs.
type Actions []Action

// Waits are the actions that are not done yet for what they wait for.
func (p Actions) Waits() (out Actions) {
	for _, a := range p {
		if a.Verb == Wait {
			out = append(out, a)
		}
	}
	return out
}

// Looks is what the plan's waits depend on, each once.
func (p Actions) Looks() (out []Ref) {
	for _, a := range p {
		out = append(out, a.Looks...)
	}
	slices.SortFunc(out, compareRefs)
	return slices.Compact(out)
}

// String prints an action and its changes a line each.
func (p Actions) String() string {
	if len(p) == 0 {
		return "nothing to do\n"
	}
	var b strings.Builder
	for _, a := range p {
		b.WriteString(a.String())
	}
	return b.String()
}

func (a Action) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %s: %s\n", a.Verb, a.Ref, a.Why)
	for _, line := range a.Lines() {
		fmt.Fprintf(&b, "           %s\n", line)
	}
	return b.String()
}

// Lines are the differences, a line each; of what was not there before, what
// it is to be; what a deletion takes along; and the remarks.
func (a Action) Lines() (out []string) {
	for _, part := range a.Parts {
		out = append(out, "with "+part.Ref.String())
	}
	for _, c := range a.Diff {
		if a.Verb == Create && len(c.From) == 0 {
			out = append(out, c.Field+": "+few(c.To))
			continue
		}
		out = append(out, c.String())
	}
	if a.Want != nil {
		out = append(out, a.Want.Remarks...)
	}
	return out
}

// String shows both values of a field that has one, and what comes and goes
// of one that has many.
func (c Change) String() string {
	if len(c.From) <= 1 && len(c.To) <= 1 {
		return c.Field + ": " + show(c.From) + " -> " + show(c.To)
	}
	return c.Field + ": " + c.moves()
}

// moves are what comes and what goes.
func (c Change) moves() string {
	var parts []string
	for _, v := range c.To {
		if !slices.Contains(c.From, v) {
			parts = append(parts, "+"+v)
		}
	}
	for _, v := range c.From {
		if !slices.Contains(c.To, v) {
			parts = append(parts, "-"+v)
		}
	}
	return few(parts)
}

// shownParts bounds a line: a rule may have thousands of ranges.
const shownParts = 12

func few(parts []string) string {
	if len(parts) <= shownParts {
		return strings.Join(parts, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(parts[:shownParts], " "), len(parts)-shownParts)
}

func show(v []string) string {
	if len(v) == 0 || v[0] == "" {
		return "none"
	}
	return v[0]
}
