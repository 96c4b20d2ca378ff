package loadbalancer

import (
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

// TestAReadThatIsBehindUndoesNothing: for as long as reads may be behind, what
// was made stays and what was deleted stays away, whatever a read shows.
func TestAReadThatIsBehindUndoesNothing(t *testing.T) {
	t.Parallel()
	owner := shop("web")
	made := lb.Resource{Ref: fake.Named("door", owner, "d"), Owner: owner, Pending: "made"}
	gone := lb.Resource{Ref: fake.Named("door", owner, "gone"), Owner: owner}
	for name, read := range map[string]func(*View) error{
		"of all":       func(k *View) error { return k.refresh(t.Context()) },
		"of the owner": func(k *View) error { return k.refresh(t.Context(), owner) },
		"a look":       func(k *View) error { return k.look(t.Context(), lb.StateOf(made, gone)) },
	} {
		cloud, lag := fake.New(), time.Hour
		k := newView("n", "c1", "gcp", cloud, newStore("", lag, time.Now), nil)
		k.state[gone.Ref] = gone
		k.note(lb.Action{Verb: lb.Create, Ref: made.Ref, Want: &made}, made)
		k.note(lb.Action{Verb: lb.Delete, Ref: gone.Ref, Got: &gone}, lb.Resource{})
		cloud.State = lb.StateOf(gone) // as it was before
		has := func() (both [2]bool) {
			_, both[0] = k.view()[made.Ref]
			_, both[1] = k.view()[gone.Ref]
			return both
		}
		if err := read(k); err != nil || has() != [2]bool{true, false} {
			t.Errorf("%s that may be behind: %v, %v", name, has(), err)
		}
		k.readLag = 0 // it is later
		if err := read(k); err != nil || has() != [2]bool{false, true} {
			t.Errorf("%s that is not behind: %v, %v", name, has(), err)
		}
	}
}

// TestOnlyPoolsThatNothingSendsToStarve: a zone that does not answer keeps no
// Service from being edited.
func TestOnlyPoolsThatNothingSendsToStarve(t *testing.T) {
	t.Parallel()
	owner := shop("web")
	pool := lb.Resource{Ref: lb.Ref{Kind: "pool", Name: "a/p"}, Owner: lb.SetOwner("c1", "all"), Shared: true, Members: []string{"n1"}}
	backend := lb.Resource{Ref: fake.Named("backend", owner, "backend"), Owner: owner, Uses: []lb.Ref{pool.Ref}}
	for name, c := range map[string]struct {
		used bool
		held []string // nil: it is not known
		want bool
	}{
		"new, not known": {false, nil, true}, "new, empty": {false, []string{}, true}, "new, fed": {false, []string{"n1"}, false},
		"in use, not known": {true, nil, false}, "in use, empty": {true, []string{}, false},
	} {
		k := newView("n", "c1", "gcp", fake.New(), newStore("", 0, time.Now), nil)
		k.state = lb.StateOf(pool)
		if c.used {
			k.state = lb.StateOf(pool, backend)
		}
		if c.held != nil {
			k.members[pool.Ref] = c.held
		}
		if got := k.starves([]lb.Resource{pool}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
