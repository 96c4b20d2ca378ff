package lb

// protect keeps what is protected from deletion, and all that belongs to it: it
// is refused before anything is changed, and not when half of it is gone.
func (p *planner) protect() {
	if p.goal.Unprotect {
		return
	}
	keeps := ""
	stays := map[Ref]bool{}
	for i, a := range p.steps {
		if a.Verb != Delete || a.Got.Protection == "" {
			continue
		}
		keeps = a.Ref.String()
		p.steps[i] = Action{Verb: Conflict, Ref: a.Ref, Why: "cannot be deleted: " + a.Got.Protection, Got: a.Got}
		for ref := range p.around(a.Ref) {
			stays[ref] = true
		}
	}
	if keeps == "" {
		return
	}
	for i, a := range p.steps {
		if a.Done() && (stays[a.Ref] || len(p.goal.Want) > 0) {
			p.steps[i] = Action{Verb: Blocked, Ref: a.Ref, Why: keeps + " is protected from deletion; nothing is changed", Diff: a.Diff, Got: a.Got, Want: a.Want}
		}
	}
}

// around is what a resource uses, what uses it, and what that uses.
func (p *planner) around(ref Ref) map[Ref]bool {
	out := closure(p.got, ref)
	for _, g := range p.gotList {
		if g.uses(ref) {
			for used := range closure(p.got, g.Ref) {
				out[used] = true
			}
		}
	}
	return out
}

// withParts has deletions take along what is part of what they delete.
func withParts(steps []Action) []Action {
	whole := map[Ref]int{}
	for i, a := range steps {
		if a.Verb == Delete {
			whole[a.Ref] = i
		}
	}
	taken := map[int]bool{}
	for i, a := range steps {
		if a.Verb != Delete {
			continue
		}
		if at, goes := whole[a.Got.Within]; goes {
			steps[at].Parts = append(steps[at].Parts, *a.Got)
			taken[i] = true
		}
	}
	var out []Action
	for i, a := range steps {
		if !taken[i] {
			out = append(out, a)
		}
	}
	return out
}

// rank says which deletions come first, since something can only be made then,
// and which last: all but of a point that nothing serves any more, which goes
// at once.
func (p *planner) rank(steps []Action) []Action {
	for i, a := range steps {
		if a.Verb == Delete {
			steps[i].first = p.gone[a.Ref] != ""
			steps[i].Last = !steps[i].first && len(a.Got.Serves) == 0
		}
	}
	return steps
}

// downtime begins why something is replaced that cannot stand beside what takes
// its place.
func (p *planner) downtime(g Resource) string {
	for _, x := range p.gotList {
		if len(x.Serves) > 0 && p.gone[x.Ref] != "" && closure(p.got, x.Ref)[g.Ref] {
			return "must be replaced (downtime): "
		}
	}
	return "must be replaced: "
}
