package lb

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// toyCloud carries actions out as strictly as a cloud does.
type toyCloud struct {
	*testing.T
	state State
}

func (c toyCloud) apply(a Action) {
	was, there := c.state[a.Ref]
	switch a.Verb {
	case Create, Edit:
		if there != (a.Verb == Edit) {
			c.Fatalf("%s %s, there: %v", a.Verb, a.Ref, there)
		}
		for _, used := range a.Want.Uses {
			if _, ok := c.state[used]; !ok {
				c.Fatalf("%s %s before %s is there", a.Verb, a.Ref, used)
			}
		}
		for ref, r := range c.state {
			if ref != a.Ref && meet(r.Claims, a.Want.Claims) {
				c.Fatalf("%s %s while %s has its claim", a.Verb, a.Ref, ref)
			}
		}
		now := *a.Want
		now.Fields = Fields{}
		for name, v := range was.Fields {
			now.Fields[name] = v
		}
		for name, v := range a.Want.Fields {
			now.Fields[name] = v
			if there && !sameSet(was.Fields[name], v) && !slices.Contains(toyRules.Editable[a.Kind], name) {
				c.Fatalf("%s of %s changed in place", name, a.Ref)
			}
		}
		c.state[a.Ref] = now
	case Delete:
		for ref, r := range c.state {
			if r.uses(a.Ref) {
				c.Fatalf("deleted %s while %s uses it", a.Ref, ref)
			}
		}
		delete(c.state, a.Ref)
	}
	if there && (was.Foreign() || was.Owner != shop && a.Verb == Delete) {
		c.Fatalf("%s %s, which is %v's", a.Verb, a.Ref, was.Owner)
	}
}

// randomState has things of four kinds, each using some of the kinds before.
func randomState(r *rand.Rand, foreign bool) State {
	s := State{}
	kinds := []string{"pool", "check", "backend", "door"}
	free := []string{"p1", "p2", "p3", "p4"}
	for level, kind := range kinds {
		for n := range 4 {
			if r.IntN(2) == 0 {
				continue
			}
			x := Resource{Ref: Ref{Kind: kind, Name: fmt.Sprintf("%s%d", kind, n)}, Owner: shop, Fields: Fields{
				"pools": {fmt.Sprint(r.IntN(2))}, "path": {fmt.Sprint(r.IntN(2))}, "fixed": {fmt.Sprint(r.IntN(3) / 2)}, "uses": nil}}
			if kind == "pool" {
				x.Owner, x.Fields = nodes, Fields{"size": {fmt.Sprint(r.IntN(3))}}
			}
			for _, used := range s.Sorted() {
				if slices.Index(kinds, used.Kind) < level && r.IntN(3) == 0 {
					x.Uses = append(x.Uses, used.Ref)
				}
			}
			for _, ref := range x.Uses {
				x.Fields["uses"] = append(x.Fields["uses"], ref.String())
			}
			if level >= 2 && len(free) > 0 && r.IntN(2) == 0 {
				at := r.IntN(len(free))
				x.Claims, free = []string{free[at]}, slices.Delete(slices.Clone(free), at, at+1)
			}
			if foreign && r.IntN(12) == 0 {
				x.Owner = cloud.Owner{}
			}
			s[x.Ref] = x
		}
	}
	return s
}

func TestAPlanLeadsToTheGoal(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		got, want := randomState(r, false), randomState(r, false)
		// Names say what cannot be changed of the shared ones.
		goal := Goal{Owner: shop, Want: want.Sorted()}
		plan := Plan(toyRules, got, goal)
		if again := Plan(toyRules, got, Goal{Owner: shop, Want: reversed(want.Sorted())}); again.String() != plan.String() {
			t.Fatalf("seed %d: the order of what is wanted matters", seed)
		}
		sim := toyCloud{t, StateOf(got.Sorted()...)}
		for i, a := range plan {
			for _, need := range a.Needs {
				if need >= i {
					t.Fatalf("seed %d: step %d needs %d", seed, i, need)
				}
			}
			sim.apply(a)
			if t.Failed() {
				t.Fatalf("seed %d:\n%s", seed, plan)
			}
		}
		if left := Plan(toyRules, sim.state, goal); len(left) > 0 {
			t.Fatalf("seed %d: after the plan there is still to do:\n%s", seed, left)
		}
		for ref, x := range sim.state {
			if w, ok := want[ref]; ok && (!reflect.DeepEqual(x.Uses, w.Uses) || !sameFields(x, w)) {
				t.Fatalf("seed %d: %s is not as wanted", seed, ref)
			} else if !ok && x.Owner == shop {
				t.Fatalf("seed %d: %s is left over", seed, ref)
			}
		}
	}
}

func sameFields(a, b Resource) bool { return len(differ(a, b)) == 0 }

func reversed(list []Resource) []Resource {
	slices.Reverse(list)
	return list
}

func TestAPlanToWhatIsThereIsEmpty(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		got := randomState(rand.New(rand.NewPCG(seed, 2)), false)
		if plan := Plan(toyRules, got, Goal{Owner: shop, Want: got.Sorted()}); len(plan) > 0 {
			t.Fatalf("seed %d:\n%s", seed, plan)
		}
	}
}

func TestForeignResourcesAreNeverTouchedNorUsed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		got, want := randomState(r, true), randomState(r, false)
		for _, a := range Plan(toyRules, got, Goal{Owner: shop, Want: want.Sorted()}) {
			if !a.Done() {
				continue
			}
			if g, ok := got[a.Ref]; ok && g.Foreign() {
				t.Fatalf("seed %d: %s", seed, a)
			}
			for _, used := range a.useOf() {
				if g, ok := got[used]; ok && g.Foreign() {
					t.Fatalf("seed %d: uses %s: %s", seed, used, a)
				}
			}
		}
	}
}

// useOf is what the action makes its resource use.
func (a Action) useOf() []Ref {
	if a.Want == nil {
		return nil
	}
	return a.Want.Uses
}

func TestRemovalTakesUsersFirst(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		got := randomState(rand.New(rand.NewPCG(seed, 4)), true)
		orphans := Orphans(got, func(cloud.Owner) bool { return false })
		sim := toyCloud{t, State{}}
		for _, o := range orphans {
			o.Owner = shop
			sim.state[o.Ref] = o.Resource
		}
		for _, a := range Removal(orphans) {
			sim.apply(a)
		}
		if len(sim.state) > 0 {
			t.Fatalf("seed %d: left over: %v", seed, sim.state)
		}
	}
}

func TestALimitMovesFewNodes(t *testing.T) {
	t.Parallel()
	node := func(n int) Node {
		return Node{ProviderID: fmt.Sprintf("n%04d", n), Zone: string(rune('a' + n%3))}
	}
	r := rand.New(rand.NewPCG(5, 5))
	var all []Node
	for n := range 400 {
		all = append(all, node(n))
	}
	const limit = 25
	members := map[string]bool{}
	next := 400
	for range 100 {
		now := map[string]bool{}
		chosen := Share{AtMost: limit, Holds: func(id string) bool { return members[id] }}.Of(all)
		moved := 0
		for _, n := range chosen {
			now[n.ProviderID] = true
			if !members[n.ProviderID] {
				moved++
			}
		}
		if want := min(limit, len(all)); len(now) != want {
			t.Fatalf("%d nodes chosen of %d, want %d", len(now), len(all), want)
		}
		if len(members) > 0 && moved > 1 {
			t.Fatalf("one node came or went, %d joined", moved)
		}
		members = now
		if r.IntN(2) == 0 {
			all = append(all, node(next))
			next++
		} else {
			at := r.IntN(len(all))
			all = slices.Delete(slices.Clone(all), at, at+1)
		}
	}
}
