package lb

import (
	"maps"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// Goal is what one owner is to have: its own resources, whole, and those of
// other owners that they use.
type Goal struct {
	Owner cloud.Owner
	Want  []Resource
	// Keep: what the owner has and Want lacks stays; a goal of some of its
	// resources only.
	Keep bool
	// Refused are parts that Want lacks since they cannot be as their contributors
	// ask for them. What there is may be theirs, and stays as with Keep.
	Refused []*Refusal
	// Unprotect: protection from deletion that we set is not wanted any more.
	Unprotect bool
	// Told are the addresses that clients have been told of, and for how long
	// they may still go by older ones. Where it is nil, nobody has to be told.
	Told Known
	// ForAdmin is what only somebody with more rights can do: nothing waits for
	// it.
	ForAdmin map[Ref]bool
}

// Plan returns the actions that lead from what is there to the goal, in an order
// in which they can be done: what is used before its user, the other way
// round for deletion, what holds a claim deleted before what is to have it.
//
// It deletes only what the goal's owner has. Of what other owners have it
// makes what is missing and edits what differs. What is not ours it never
// touches. What serves waits for what takes its place ([Wait]); and what is
// protected stays, and all that it is made of.
func Plan(rules Rules, got State, goal Goal) Actions {
	goal.Keep = goal.Keep || len(goal.Refused) > 0
	p := &planner{rules: rules, goal: goal, want: StateOf(goal.Want...), gone: map[Ref]string{}, remake: map[Ref]string{}}
	p.got = got.For(goal.Owner, slices.Collect(maps.Keys(p.want))...) // of a cluster's all, little
	p.gotList, p.wantList = p.got.Sorted(), p.want.Sorted()
	p.findRemakes()
	p.wanted()
	if !goal.Keep {
		p.unwanted()
	}
	p.block()
	p.protect()
	p.handOver()
	return order(p.rank(withParts(p.steps)))
}

type planner struct {
	rules Rules
	got   State
	goal  Goal
	want  State
	// gone is what cannot stand until the end, and why; remake those of it that
	// are wanted, which are made again.
	gone, remake map[Ref]string
	steps        []Action
	// got and want in order
	gotList, wantList []Resource
}

// findRemakes finds what cannot stand until the end: what cannot be changed in
// place, what holds a claim of something new, and whatever uses either now.
// What of it is wanted is made anew.
func (p *planner) findRemakes() {
	gone := p.gone
	for _, g := range p.gotList {
		if why := p.mustGo(g); why != "" && !g.Foreign() {
			gone[g.Ref] = why
		}
	}
	ours := slices.DeleteFunc(slices.Clone(p.gotList), Resource.Foreign)
	spread(gone, ours, func(used Ref) string { return "uses " + used.String() + ", which is replaced" })
	for ref, why := range gone {
		if _, wanted := p.want[ref]; wanted {
			p.remake[ref] = why
		}
	}
}

// spread marks whatever uses what is marked, and what uses that: with a text about
// what it uses.
func spread(marked map[Ref]string, list []Resource, text func(used Ref) string) {
	for again := true; again; {
		again = false
		for _, r := range list {
			at := slices.IndexFunc(r.Uses, func(used Ref) bool { return marked[used] != "" })
			if at >= 0 && marked[r.Ref] == "" {
				marked[r.Ref], again = text(r.Uses[at]), true
			}
		}
	}
}

// mustGo says why a resource must be deleted before the end; empty where it
// need not.
func (p *planner) mustGo(g Resource) string {
	if w, wanted := p.want[g.Ref]; wanted {
		if !p.goal.Keep && !sameSet(g.Claims, w.Claims) {
			return "its claims changed (" + Change{From: sorted(g.Claims), To: sorted(w.Claims)}.moves() + ")"
		}
		return p.rules.fixed(g, w)
	}
	if p.goal.Keep || g.Owner != p.goal.Owner {
		return ""
	}
	for _, w := range p.want {
		if meet(w.Claims, g.Claims) {
			return "a new resource takes over its claims"
		}
	}
	return ""
}

// fixed says why a resource cannot become the other in place.
func (r Rules) fixed(g, w Resource) string {
	var all []string
	for _, c := range differ(g, w) {
		if !slices.Contains(r.Editable[w.Kind], c.Field) {
			all = append(all, c.Field)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, ", ") + " cannot be changed in place"
}

func (p *planner) wanted() {
	for _, w := range p.wantList {
		g, there := p.got[w.Ref]
		why, remake := p.remake[w.Ref]
		diff := differ(g, w)
		switch {
		case !there:
			p.add(Action{Verb: Create, Ref: w.Ref, Why: "does not exist", Diff: diff, Want: &w})
		case g.Foreign():
			p.add(Action{Verb: Conflict, Ref: w.Ref, Why: "a resource of that name exists and is not managed by vpcnative; rename or delete it", Got: &g, Want: &w})
		case g.Owner != w.Owner:
			p.add(Action{Verb: Conflict, Ref: w.Ref, Why: "a resource of that name exists " + words(g.Owner), Got: &g, Want: &w})
		case remake && w.Owner != p.goal.Owner:
			p.add(Action{Verb: Blocked, Ref: w.Ref, Why: "other load balancers share it, and " + why, Diff: diff, Got: &g, Want: &w})
		case remake:
			p.add(Action{Verb: Delete, Ref: w.Ref, Why: p.downtime(g) + why, Got: &g})
			p.add(Action{Verb: Create, Ref: w.Ref, Why: "recreated: " + why, Diff: diff, Want: &w})
		case len(diff) > 0:
			p.add(Action{Verb: Edit, Ref: w.Ref, Why: "differs in " + fieldsOf(diff), Diff: diff, Got: &g, Want: &w})
		}
	}
}

func words(o cloud.Owner) string {
	return strings.TrimPrefix(o.Description(), "made by vpcnative ")
}

// unwanted deletes what the owner has beyond the goal.
func (p *planner) unwanted() {
	for _, g := range p.gotList {
		if _, wanted := p.want[g.Ref]; !wanted && !g.Foreign() && g.Owner == p.goal.Owner {
			why := "no longer needed"
			if p.gone[g.Ref] != "" {
				why = p.downtime(g) + p.gone[g.Ref]
			}
			p.add(Action{Verb: Delete, Ref: g.Ref, Why: why, Got: &g})
		}
	}
}

func (p *planner) add(a Action) { p.steps = append(p.steps, a) }

// block takes out what builds on a conflict: to point one of ours at a thing
// of somebody else's would be to use it.
func (p *planner) block() {
	out := map[Ref]string{}
	for _, a := range p.steps {
		if !a.Done() {
			out[a.Ref] = a.Why
		}
	}
	spread(out, p.wantList, func(used Ref) string { return "needs " + used.String() + ", which is in conflict or blocked" })
	for i, a := range p.steps {
		if a.Done() && a.Want != nil && out[a.Ref] != "" {
			p.steps[i] = Action{Verb: Blocked, Ref: a.Ref, Why: out[a.Ref], Diff: a.Diff, Got: a.Got, Want: a.Want}
		}
	}
	// What cannot be made again, or made in its place, is not deleted either.
	stays := p.makesRoomForNothing(out)
	p.steps = slices.DeleteFunc(p.steps, func(a Action) bool { return a.Verb == Delete && stays[a.Ref] })
}

// makesRoomForNothing are what would only go so that something else can be made
// that is blocked.
func (p *planner) makesRoomForNothing(blocked map[Ref]string) map[Ref]bool {
	stays := map[Ref]bool{}
	for again := true; again; {
		again = false
		for _, g := range p.gotList {
			if p.gone[g.Ref] == "" || stays[g.Ref] {
				continue
			}
			wanted := p.wants(g.Ref)
			if wanted && blocked[g.Ref] != "" ||
				!wanted && slices.ContainsFunc(g.Uses, func(r Ref) bool { return stays[r] }) ||
				slices.ContainsFunc(p.wantList, func(w Resource) bool { return blocked[w.Ref] != "" && meet(w.Claims, g.Claims) }) {
				stays[g.Ref], again = true, true
			}
		}
	}
	return stays
}

// differ compares the fields that are wanted.
func differ(got, want Resource) []Change {
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(want.Fields)) {
		if !sameSet(got.Fields[name], want.Fields[name]) {
			out = append(out, Change{Field: name, From: sorted(got.Fields[name]), To: sorted(want.Fields[name])})
		}
	}
	return out
}

func fieldsOf(diff []Change) string {
	var out []string
	for _, c := range diff {
		out = append(out, c.Field)
	}
	return strings.Join(out, ", ")
}

func sameSet(a, b []string) bool {
	return slices.Equal(a, b) || slices.Equal(sorted(a), sorted(b))
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
