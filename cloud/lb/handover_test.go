package lb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// street is a cloud of fronts, which are at an address, and of doors in them
// that serve a port from a pool. A front is pending for a while, a pool's
// targets become healthy later, and every change may fail.
type street struct {
	Balancers
	*testing.T
	*rand.Rand
	state State
	age   map[Ref]int // rounds since it was made
	goal  map[string]bool
	plan  Actions
	calm  bool
	told  Known
	seed  uint64
}

// corner is what one goal wants: ports at an address, each to a pool.
type corner struct {
	front string
	ports map[string]string
	claim string // what only one front can have
}

func (c corner) resources() (out []Resource) {
	front := toy("front", c.front, shop, Fields{})
	if c.claim != "" {
		front.Claims = []string{c.claim}
	}
	out = append(out, front)
	for port, pool := range c.ports {
		// A pool takes traffic of one front only, so its name has it.
		p := toy("pool", c.front+"/"+pool, shop, Fields{})
		d := toy("door", c.front+"/"+port, shop, Fields{"pool": {pool}}, front.Ref, p.Ref)
		d.Serves, d.Within, d.Claims = []string{port}, front.Ref, []string{c.front + port}
		out = append(out, p, d)
	}
	return StateOf(out...).Sorted()
}

func (s *street) randomCorner() corner {
	c := corner{front: fmt.Sprint("f", s.IntN(3)), ports: map[string]string{}}
	for _, port := range []string{"80", "443", "53"} {
		if s.IntN(3) > 0 {
			c.ports[port] = fmt.Sprint("p", s.IntN(2))
		}
	}
	if s.IntN(4) == 0 {
		c.claim = "eip"
	}
	return c
}

const (
	madeAfter    = 2 // rounds
	healthyAfter = 4
	toldFor      = 3
)

func (s *street) Look(_ context.Context, at State) (State, error) {
	out := State{}
	for ref := range at {
		if r, there := s.state[ref]; there {
			if r.Health != NoTargets {
				r.Health = s.healthOf(ref)
			}
			out[ref] = r
		}
	}
	return out, nil
}

func (s *street) healthOf(pool Ref) Health {
	if s.age[pool] >= healthyAfter {
		return Healthy
	}
	return Unhealthy
}

// served are the ports that clients are served at.
func (s *street) served() map[string]bool {
	out := map[string]bool{}
	for _, d := range s.state {
		if d.Kind != "door" {
			continue
		}
		whole := true
		for _, used := range d.Uses {
			r, there := s.state[used]
			whole = whole && there && r.Pending == "" && (used.Kind != "pool" || s.healthOf(used) == Healthy)
		}
		if whole {
			out[d.Serves[0]] = true
		}
	}
	return out
}

func (s *street) Apply(_ context.Context, a Action, _ State) (Resource, error) {
	if !s.calm && s.IntN(4) == 0 {
		return Resource{}, &cloud.Error{Reason: []cloud.Reason{cloud.Invalid, cloud.QuotaExceeded, cloud.LimitExceeded, cloud.NotFound, cloud.Conflict, cloud.Throttled}[s.IntN(6)],
			Act: "try", Err: errors.New("no")}
	}
	before, strict := s.served(), toyCloud{s.T, s.state}
	for _, part := range a.Parts {
		delete(s.state, part.Ref)
	}
	strict.apply(a)
	now := s.state[a.Ref]
	if a.Verb == Create {
		if s.age[a.Ref] = 0; a.Kind == "front" {
			now.Pending, now.Address = "it is being made", a.Name
		} else if a.Kind == "pool" {
			now.Health = Unknown
		}
		s.state[a.Ref] = now
	}
	for port := range before {
		if !s.served()[port] && s.goal[port] && !a.first {
			s.Fatalf("seed %d: %s cuts off port %s, which nothing else serves yet; of\n%s", s.seed, a, port, s.plan)
		}
	}
	return now, nil
}

// round plans, runs, and lets time pass.
func (s *street) round(c corner) Actions {
	goal := Goal{Owner: shop, Want: c.resources(), Told: s.told}
	s.goal = map[string]bool{}
	for port := range c.ports {
		s.goal[port] = true
	}
	book := StateOf(s.state.Sorted()...)
	s.plan = Plan(toyRules, book, goal)
	if looks := s.plan.Looks(); len(looks) > 0 {
		at := State{}
		for _, ref := range looks {
			at[ref] = book[ref]
		}
		seen, _ := s.Look(context.Background(), at)
		maps.Copy(book, seen)
		s.plan = Plan(toyRules, book, goal)
	}
	_ = Run(context.Background(), s, s.plan, book)
	for ref, r := range s.state {
		if s.age[ref]++; r.Pending != "" && s.age[ref] >= madeAfter {
			r.Pending = ""
			s.state[ref] = r
		}
	}
	for address, left := range s.told {
		s.told[address] = max(0, left-1)
	}
	if front := (Ref{Kind: "front", Name: c.front}); s.state[front].Pending == "" && s.healthyFront(c) {
		if _, told := s.told[c.front]; !told {
			s.told = Known{c.front: toldFor * time.Duration(1)} // the status has one address
		}
	}
	return s.plan
}

func (s *street) healthyFront(c corner) bool {
	for _, pool := range c.ports {
		if s.healthOf(Ref{Kind: "pool", Name: c.front + "/" + pool}) != Healthy {
			return false
		}
	}
	return true
}

// TestWhatServesGoesWhenItsReplacementServes: whatever goals follow each other,
// and whatever fails meanwhile, no port that is served and still wanted is cut
// off by a step of ours before something else serves it, but where the cloud
// cannot have both; and when nothing fails any more the goal is reached.
func TestWhatServesGoesWhenItsReplacementServes(t *testing.T) {
	t.Parallel()
	waited := 0
	for seed := range uint64(200) {
		s := &street{T: t, Rand: rand.New(rand.NewPCG(seed, 9)), state: State{}, age: map[Ref]int{}, told: Known{}, seed: seed}
		var c corner
		for range 6 {
			c, s.calm = s.randomCorner(), false
			for range s.IntN(12) {
				waited += len(s.round(c).Waits())
			}
			if s.calm = s.IntN(2) == 0; s.calm {
				s.settle(c)
			}
		}
		s.calm = true
		s.settle(c)
	}
	if waited == 0 {
		t.Error("nothing ever waited")
	}
}

func (s *street) settle(c corner) {
	s.Helper()
	for range 40 {
		if len(s.round(c)) == 0 {
			s.is(c)
			return
		}
	}
	s.Fatalf("seed %d: it does not converge; still to do:\n%s", s.seed, s.plan)
}

func (s *street) is(c corner) {
	s.Helper()
	for _, w := range c.resources() {
		if _, there := s.state[w.Ref]; !there {
			s.Fatalf("seed %d: %s is not there", s.seed, w.Ref)
		}
	}
	if len(s.state) != len(StateOf(c.resources()...)) {
		s.Fatalf("seed %d: left over: %v", s.seed, slices.Collect(maps.Keys(s.state)))
	}
}

// TestAnEditThatCannotBeFulfilledChangesNothing: whatever fails of what is to
// take the old one's place, for good, all of the old one stays.
func TestAnEditThatCannotBeFulfilledChangesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"front", "pool", "door", "pool of a front that is first"} {
		for _, reason := range []cloud.Reason{cloud.NotFound, cloud.Invalid, cloud.QuotaExceeded, cloud.LimitExceeded, cloud.Conflict, cloud.PermissionDenied} {
			s := &street{T: t, Rand: rand.New(rand.NewPCG(1, 1)), state: State{}, age: map[Ref]int{}, told: Known{}, calm: true}
			old := corner{front: "f0", ports: map[string]string{"80": "p0", "443": "p1"}}
			of, _, first := strings.Cut(kind, " ")
			if first { // both cannot be: the old one goes when all else is made
				old.claim = "eip"
			}
			s.settle(old)
			refusing := refuser{s, of, reason}
			want := corner{front: "f1", ports: old.ports, claim: old.claim}
			for range 3 {
				book := StateOf(s.state.Sorted()...)
				_ = Run(t.Context(), refusing, Plan(toyRules, book, Goal{Owner: shop, Want: want.resources()}), book)
			}
			for _, w := range old.resources() {
				if _, there := s.state[w.Ref]; !there {
					t.Errorf("no %s can be made (%s), and %s is gone", kind, reason, w.Ref)
				}
			}
		}
	}
}

type refuser struct {
	*street
	kind   string
	reason cloud.Reason
}

func (r refuser) Apply(ctx context.Context, a Action, got State) (Resource, error) {
	if a.Kind == r.kind && a.Verb == Create {
		return Resource{}, &cloud.Error{Reason: r.reason, Act: "make", Resource: a.Name}
	}
	return r.street.Apply(ctx, a, got)
}

// TestAPortWithoutSuccessorGoesAtOnce, also where what comes cannot be made for
// a limit that it fills.
func TestAPortWithoutSuccessorGoesAtOnce(t *testing.T) {
	t.Parallel()
	s := &street{T: t, Rand: rand.New(rand.NewPCG(1, 1)), state: State{}, age: map[Ref]int{}, told: Known{}, calm: true}
	s.settle(corner{front: "f0", ports: map[string]string{"80": "p0"}})
	want := corner{front: "f0", ports: map[string]string{"81": "p1"}}
	book := StateOf(s.state.Sorted()...)
	_ = Run(t.Context(), refuser{s, "door", cloud.LimitExceeded}, Plan(toyRules, book, Goal{Owner: shop, Want: want.resources()}), book)
	if _, there := s.state[Ref{Kind: "door", Name: "f0/80"}]; there {
		t.Error("it waits for another port")
	}
	s.settle(want)
}

// TestWhatIsProtectedIsRefusedBeforeAnythingGoes, and goes once protection is
// not wanted any more.
func TestWhatIsProtectedIsRefusedBeforeAnythingGoes(t *testing.T) {
	t.Parallel()
	s := &street{T: t, Rand: rand.New(rand.NewPCG(1, 1)), state: State{}, age: map[Ref]int{}, told: Known{}, calm: true}
	s.settle(corner{front: "f0", ports: map[string]string{"80": "p0"}})
	front := s.state[Ref{Kind: "front", Name: "f0"}]
	front.Protection = "it is protected"
	s.state[front.Ref] = front
	all := len(s.state)
	for name, goal := range map[string]Goal{
		"deleted": {Owner: shop}, "replaced": {Owner: shop, Want: corner{front: "f1", ports: map[string]string{"80": "p0"}}.resources()},
	} {
		book := StateOf(s.state.Sorted()...)
		if err := Run(t.Context(), s, Plan(toyRules, book, goal), book); !cloud.Is(err, cloud.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.state) != all {
			t.Errorf("%s: %d of %d are left", name, len(s.state), all)
		}
	}
	book := StateOf(s.state.Sorted()...)
	plan := Plan(toyRules, book, Goal{Owner: shop, Unprotect: true})
	if err := Run(t.Context(), s, plan, book); err != nil || len(s.state) > 0 {
		t.Errorf("%v, and %d are left", err, len(s.state))
	}
	if plan[0].Kind != "front" || len(plan[0].Parts) != 1 {
		t.Errorf("the door goes before what it is part of:\n%s", plan)
	}
}
