package members

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// toy is a cloud that takes no call with a member in it that is broken.
type toy struct {
	mu     sync.Mutex
	has    map[string]map[string]bool
	broken map[string]bool
	named  bool // it names them
	limits Limits
	calls  []string
	fail   error
	slow   time.Duration
	// together is how many members all groups have room for; 0 is no limit.
	together int
}

func newToy() *toy {
	return &toy{has: map[string]map[string]bool{}, broken: map[string]bool{}, limits: Limits{Call: 4}}
}

func (t *toy) Limits() Limits { return t.limits }

func (t *toy) List(_ context.Context, g Group) (out []string, _ error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for m := range t.has[g.Name] {
		out = append(out, m)
	}
	slices.Sort(out)
	return out, nil
}

func (t *toy) Attach(_ context.Context, g Group, list []string) error { return t.change(g, true, list) }

func (t *toy) Detach(_ context.Context, g Group, list []string) error {
	return t.change(g, false, list)
}

func (t *toy) change(g Group, attach bool, list []string) error {
	time.Sleep(t.slow)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, fmt.Sprintf("%s%v", g.Name, map[bool]string{true: "+", false: "-"}[attach]))
	if t.fail != nil {
		return t.fail
	}
	if len(list) == 0 || len(list) > t.limits.Call {
		return fmt.Errorf("a call of %d", len(list))
	}
	var bad []string
	for _, m := range list {
		if t.broken[m] && attach {
			bad = append(bad, m)
		}
	}
	if len(bad) > 0 {
		r := &Refused{Err: errors.New("not running: " + strings.Join(bad, ", "))}
		if t.named {
			r.Named = bad
		}
		return r
	}
	all := 0
	for _, has := range t.has {
		all += len(has)
	}
	if attach && t.together > 0 && all+len(list) > t.together {
		return &Full{Err: errors.New("no room")}
	}
	if t.has[g.Name] == nil {
		t.has[g.Name] = map[string]bool{}
	}
	for _, m := range list {
		if attach {
			t.has[g.Name][m] = true
		} else {
			delete(t.has[g.Name], m)
		}
	}
	if t.limits.Group != nil && len(t.has[g.Name]) > t.limits.Group(g) {
		return errors.New("too many")
	}
	return nil
}

func numbered(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("m%03d", i))
	}
	return out
}

// TestAllButTheBrokenAreHeld: whatever there was and whoever is broken, groups
// hold in the end what is wanted of them and works.
func TestAllButTheBrokenAreHeld(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r, cloud := rand.New(rand.NewPCG(seed, 7)), newToy()
		cloud.named = seed%2 == 0
		cloud.limits.Group = func(Group) int { return 40 }
		some := func(most int) (out []string) {
			for _, m := range numbered(60) {
				if len(out) < most && r.IntN(2) == 0 {
					out = append(out, m)
				}
			}
			return out
		}
		for _, m := range some(10) {
			cloud.broken[m] = true
		}
		var wanted []Wanted
		for g := range 4 {
			w := Wanted{Group: Group{Kind: "group", Name: fmt.Sprint("g", g)}, Want: some(40)}
			cloud.has[w.Name] = map[string]bool{}
			for _, m := range some(40) {
				cloud.has[w.Name][m] = true
			}
			w.Has, _ = cloud.List(t.Context(), w.Group)
			wanted = append(wanted, w)
		}
		for _, change := range Plan(cloud.limits, wanted, nil) {
			if res := Run(t.Context(), cloud, change); res.Err != nil || res.Group != change.Group {
				t.Fatalf("seed %d: %v", seed, res)
			}
		}
		for _, w := range wanted {
			got, _ := cloud.List(t.Context(), w.Group)
			want := slices.DeleteFunc(slices.Clone(w.Want), func(m string) bool { return cloud.broken[m] && !slices.Contains(w.Has, m) })
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: %s holds %v, want %v", seed, w.Name, got, want)
			}
		}
	}
}

// TestOneBrokenMemberCostsFewCalls, and none while it is set aside.
func TestOneBrokenMemberCostsFewCalls(t *testing.T) {
	t.Parallel()
	now := time.Now()
	cloud, aside := newToy(), NewAside(func() time.Time { return now })
	cloud.limits.Call = 100
	cloud.broken["m037"] = true
	w := Wanted{Group: Group{Name: "g"}, Want: numbered(100)}
	turn := func() int {
		cloud.calls = nil
		w.Has, _ = cloud.List(t.Context(), w.Group)
		aside.Keep(w)
		for _, change := range Plan(cloud.limits, []Wanted{w}, aside) {
			aside.Note(Run(t.Context(), cloud, change))
		}
		return len(cloud.calls)
	}
	if n := turn(); n > 15 || len(cloud.has["g"]) != 99 {
		t.Errorf("%d calls attach %d of 100", n, len(cloud.has["g"]))
	}
	if left := aside.Of(w.Group); len(left) != 1 || left[0].Member != "m037" || left[0].Err == nil {
		t.Errorf("set aside: %v", left)
	}
	if n := turn(); n != 0 {
		t.Errorf("%d calls while it is set aside", n)
	}
	for range 3 { // later each time
		now = aside.Next(all)
		if n := turn(); n != 1 {
			t.Errorf("%d calls for one member that is due", n)
		}
	}
	if pause := aside.Next(all).Sub(now); pause != 8*firstPause {
		t.Errorf("it is tried again after %s", pause)
	}
	delete(cloud.broken, "m037")
	now = aside.Next(all)
	if n := turn(); n != 1 || len(cloud.has["g"]) != 100 || len(aside.Of(w.Group)) != 0 {
		t.Errorf("it works: %d calls, %d members", n, len(cloud.has["g"]))
	}
}

// TestAMemberThatIsNotWantedIsForgotten, so that it is tried at once when it
// comes again.
func TestAMemberThatIsNotWantedIsForgotten(t *testing.T) {
	t.Parallel()
	aside, g := NewAside(time.Now), Group{Name: "g"}
	aside.Note(Result{Group: g, Left: []Left{{"a", errors.New("x")}, {"b", errors.New("x")}}})
	aside.Keep(Wanted{Group: g, Want: []string{"b"}})
	if left := aside.Of(g); len(left) != 1 || left[0].Member != "b" {
		t.Errorf("set aside: %v", left)
	}
	aside.Keep(Wanted{Group: g, Want: []string{"b"}, Has: []string{"b"}})
	if !aside.Next(all).IsZero() {
		t.Error("it is remembered though it is held")
	}
}

// TestGroupsTakeTurns: one with many changes does not keep another waiting.
func TestGroupsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newToy()
		cloud.slow = time.Second
		groups := NewTurns(1).Of(cloud)
		var both sync.WaitGroup
		for _, change := range Plan(cloud.limits, []Wanted{{Group: Group{Name: "many"}, Want: numbered(40)}, {Group: Group{Name: "one"}, Want: numbered(1)}}, nil) {
			both.Go(func() { Run(t.Context(), groups, change) })
			synctest.Wait()
		}
		both.Wait()
		if at := slices.Index(cloud.calls, "one+"); at != 1 || len(cloud.calls) != 11 {
			t.Errorf("calls: %v", cloud.calls)
		}
	})
}

// TestWhoComesIsThereBeforeWhoGoesHasLeft, but at the limit of the group.
func TestWhoComesIsThereBeforeWhoGoesHasLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		most int
		want string
	}{{0, "g+ g-"}, {6, "g+ g-"}, {5, "g- g+"}} {
		cloud := newToy()
		cloud.limits.Group = func(Group) int { return c.most }
		w := Wanted{Group: Group{Name: "g"}, Has: []string{"a", "b", "c"}, Want: []string{"d", "e", "f"}}
		changes := Plan(cloud.limits, []Wanted{w}, nil)
		cloud.limits.Group = nil
		Run(t.Context(), cloud, changes[0])
		if got := strings.Join(cloud.calls, " "); got != c.want {
			t.Errorf("of at most %d members: %s, want %s", c.most, got, c.want)
		}
	}
}

// TestWhereThereIsNoRoomWhoGoesLeavesFirst: the limit may be one of several
// groups together, which a group's own numbers do not show.
func TestWhereThereIsNoRoomWhoGoesLeavesFirst(t *testing.T) {
	t.Parallel()
	cloud := newToy()
	cloud.together = 6
	var wanted []Wanted
	for _, name := range []string{"a", "b"} {
		cloud.has[name] = map[string]bool{"m000": true, "m001": true, "m002": true}
		wanted = append(wanted, Wanted{Group: Group{Name: name}, Has: numbered(3), Want: numbered(4)[1:]})
	}
	for _, change := range Plan(cloud.limits, wanted, nil) {
		if r := Run(t.Context(), cloud, change); r.Err != nil || r.Doubt {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	}
	for _, w := range wanted {
		if got, _ := cloud.List(t.Context(), w.Group); !slices.Equal(got, w.Want) {
			t.Errorf("%s holds %v", w.Name, got)
		}
	}
	wanted[0].Has, wanted[0].Want = wanted[0].Want, numbered(5)[1:] // and nobody leaves
	if r := Run(t.Context(), cloud, Plan(cloud.limits, wanted[:1], nil)[0]); r.Err == nil {
		t.Error("there is room after all")
	}
}

// TestAFailureLeavesWhatIsHeldInDoubt, and ends that group's change alone.
func TestAFailureLeavesWhatIsHeldInDoubt(t *testing.T) {
	t.Parallel()
	cloud := newToy()
	cloud.fail = errors.New("throttled")
	got := Run(t.Context(), cloud, Plan(cloud.limits, []Wanted{{Group: Group{Name: "g"}, Want: numbered(12)}}, nil)[0])
	if len(cloud.calls) != 1 || got.Err == nil || !got.Doubt || len(got.Attached) > 0 {
		t.Errorf("%d calls, %+v", len(cloud.calls), got)
	}
}

func TestAChangeOnOneLine(t *testing.T) {
	t.Parallel()
	changes := Plan(Limits{Call: 100}, []Wanted{{Group: Group{Kind: "targetGroup", Name: "t"}, Has: numbered(2), Want: numbered(20)[2:]}}, nil)
	want := "members of targetGroup t: +m002, +m003, +m004, +m005, +m006, +m007, +m008, +m009, +m010, +m011, +m012, +m013, and 8 more"
	if got := changes[0].String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func all(Group) bool { return true }

// TestTheNextTryIsOfTheGroupsAskedFor: whoever looks after some groups is not
// woken for others.
func TestTheNextTryIsOfTheGroupsAskedFor(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	aside := NewAside(func() time.Time { return now })
	aside.Note(Result{Group: Group{Name: "early"}, Left: []Left{{"a", errors.New("x")}}})
	now = now.Add(time.Second)
	aside.Note(Result{Group: Group{Name: "late"}, Left: []Left{{"a", errors.New("x")}}})
	late := aside.Next(func(g Group) bool { return g.Name == "late" })
	if first := aside.Next(all); late.Sub(first) != time.Second || !aside.Next(func(Group) bool { return false }).IsZero() {
		t.Errorf("first %s, late %s", first, late)
	}
}
