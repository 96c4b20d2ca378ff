package lb

import (
	"slices"
	"strings"
	"time"
)

// What serves goes when what takes its place serves: it is made, the cloud is
// no longer at it, it has a healthy target if the old one has, and clients know
// its address. Until then its deletion is a Wait, decided anew from what is
// seen by then; no failure of anything else can bring it forward.

// handOver turns deletions of what serves into waits, as long as what takes its
// place does not serve. What only goes because the cloud cannot have both is
// not among them, nor a point that nothing is to serve any more.
func (p *planner) handOver() {
	waits := p.waits()
	for again := len(waits) > 0; again; { // and what those that wait use
		again = false
		for _, a := range p.steps {
			by := p.userAmong(waits, a.Ref)
			if _, is := waits[a.Ref]; a.Verb == Delete && !is && !by.IsZero() {
				waits[a.Ref], again = Action{Verb: Wait, Ref: a.Ref, Why: "still used by " + by.String(), Got: a.Got}, true
			}
		}
	}
	for i, a := range p.steps {
		if w, is := waits[a.Ref]; is && a.Verb == Delete {
			p.steps[i] = w
		}
	}
}

// waits are the deletions of what serves until its successors do.
func (p *planner) waits() map[Ref]Action {
	waits := map[Ref]Action{}
	for _, a := range p.steps {
		if a.Verb != Delete || p.gone[a.Ref] != "" || p.wants(a.Ref) {
			continue
		}
		for _, old := range p.frontends(a.Ref) {
			for _, w := range p.successors(old) {
				if why := p.waitsFor(old, w); why != "" {
					waits[a.Ref] = Action{Verb: Wait, Ref: a.Ref, Why: why, Got: a.Got, Looks: append(waits[a.Ref].Looks, p.looks(old, w)...)}
				}
			}
		}
	}
	return waits
}

func (p *planner) wants(ref Ref) bool {
	_, wanted := p.want[ref]
	return wanted
}

func (p *planner) userAmong(waits map[Ref]Action, ref Ref) Ref {
	for _, g := range p.gotList {
		if _, is := waits[g.Ref]; is && g.uses(ref) {
			return g.Ref
		}
	}
	return Ref{}
}

// frontends are what takes clients in, of what goes when the resource goes: it
// or what uses it. What is made anew is not among them.
func (p *planner) frontends(ref Ref) (out []Resource) {
	goes := map[Ref]string{ref: "it goes"}
	deleted := slices.DeleteFunc(slices.Clone(p.gotList), func(g Resource) bool { return !p.deletes(g.Ref) })
	spread(goes, deleted, func(Ref) string { return "with what it uses" })
	for _, g := range p.gotList {
		if goes[g.Ref] != "" && len(g.Serves) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// deletes reports whether it goes for good, and nothing forces it to go first.
func (p *planner) deletes(ref Ref) bool {
	return p.gone[ref] == "" && !p.wants(ref) && slices.ContainsFunc(p.steps, func(a Action) bool { return a.Verb == Delete && a.Ref == ref })
}

// successors are what is to serve a point of the old one.
func (p *planner) successors(old Resource) (out []Resource) {
	for _, w := range p.wantList {
		if w.Ref != old.Ref && slices.ContainsFunc(old.Serves, func(point string) bool {
			return slices.ContainsFunc(w.Serves, func(q string) bool { return covers(point, q) || covers(q, point) })
		}) {
			out = append(out, w)
		}
	}
	return out
}

// covers reports whether a point is, or stands for, the other.
func covers(all, point string) bool {
	begin, wide := strings.CutSuffix(all, "*")
	return all == point || wide && strings.HasPrefix(point, begin)
}

// waitsFor says why the new one does not serve yet in the place of the old one;
// empty where it does.
func (p *planner) waitsFor(old, w Resource) string {
	needs := closure(p.want, w.Ref)
	for _, a := range p.steps {
		if a.makes() && needs[a.Ref] && !p.goal.ForAdmin[a.Ref] {
			return "serves until " + w.Ref.String() + " does; still to do: " + string(a.Verb) + " " + a.Ref.String()
		}
	}
	until := "serves until " + w.Ref.String() + " does: "
	for _, r := range p.got.Sorted() {
		if needs[r.Ref] && r.Pending != "" {
			return until + r.Ref.String() + " is not ready, " + r.Pending
		}
	}
	switch had, has := p.health(old.Ref), p.health(w.Ref); {
	case had == Unknown || has == Unknown:
		return until + "the health of its targets is not known yet"
	case had == Healthy && has != Healthy:
		return until + "none of its targets is healthy"
	}
	return p.untilTold(old, w, until)
}

// untilTold waits until clients know the new address, where it is another.
func (p *planner) untilTold(old, w Resource, until string) string {
	from, to := p.address(old.Ref), p.address(w.Ref)
	if p.goal.Told == nil || from == to {
		return ""
	}
	left, told := p.goal.Told[to]
	switch {
	case !told:
		return until + "its address " + to + " is not published yet"
	case left > 0:
		return until + "clients may still use " + from + " for a while (DNS); its address is " + to
	}
	return ""
}

// health is that of what is there and has targets, of all that a frontend uses.
func (p *planner) health(front Ref) (h Health) {
	for ref := range closure(p.got, front) {
		switch one := p.got[ref].Health; {
		case one == Healthy:
			return Healthy
		case one == Unknown, h == NoTargets:
			h = one
		}
	}
	return h
}

// address is what a frontend answers at.
func (p *planner) address(front Ref) string {
	if a := p.got[front].Address; a != "" {
		return a
	}
	for _, used := range p.got[front].Uses {
		if a := p.got[used].Address; a != "" {
			return a
		}
	}
	return ""
}

// looks are what shows how the two serve.
func (p *planner) looks(old, w Resource) (out []Ref) {
	for _, front := range []Ref{old.Ref, w.Ref} {
		for ref := range closure(p.got, front) {
			if r := p.got[ref]; r.Pending != "" || r.Health != NoTargets {
				out = append(out, ref)
			}
		}
	}
	return out
}

// closure is what is there of a resource and all that it uses.
func closure(s State, from Ref) map[Ref]bool {
	out := map[Ref]bool{}
	var take func(Ref)
	take = func(ref Ref) {
		if r, there := s[ref]; there && !out[ref] {
			out[ref] = true
			for _, used := range r.Uses {
				take(used)
			}
		}
	}
	take(from)
	return out
}

// Known is how long a client that was told of an address may still know an
// older one, by address.
type Known map[string]time.Duration
