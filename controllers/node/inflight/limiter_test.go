package inflight

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestTheLimiterCallsInOrderAndLosesNobody(t *testing.T) {
	t.Parallel()
	g := NewLimiter(2)
	for _, n := range []string{"a", "b"} {
		for _, when := range []string{"at first", "again"} {
			if !g.Enter(types.UID(n), n) {
				t.Errorf("%s does not get in %s", n, when)
			}
		}
	}
	for _, n := range []string{"c", "d", "c", "e"} {
		if g.Enter(types.UID(n), n) {
			t.Errorf("%s got in", n)
		}
	}
	if got := g.Call(); len(got) > 0 {
		t.Errorf("%v were called into a full house", got)
	}
	if got := g.Leave("nobody"); len(got) > 0 {
		t.Errorf("%v were called since nobody left", got)
	}
	if got := g.Leave("a"); !slices.Equal(got, []string{"c"}) {
		t.Errorf("called %v, want c", got)
	}
	// c is gone and never enters: its place is offered again.
	if got := g.Call(); !slices.Equal(got, []string{"d"}) {
		t.Errorf("called %v, want d", got)
	}
	if !g.Enter("d", "d") || g.Enter("c", "c") {
		t.Error("there is one place, and d was called")
	}
	if got := append(g.Leave("b"), g.Leave("d")...); !slices.Equal(got, []string{"e", "c"}) {
		t.Errorf("called %v", got)
	}
}

// Nodes that are adopted are attached one after the other, and none while one
// fails.
func TestTurnsAreTakenOneAfterTheOther(t *testing.T) {
	t.Parallel()
	l := NewLimiter(1)
	for _, n := range []string{"r a", "r a", "s x"} {
		request, name, _ := strings.Cut(n, " ")
		if !l.EnterTurn(request, types.UID(name), name) {
			t.Errorf("%s is the first Node of request %s, and does not get its turn", name, request)
		}
	}
	for _, n := range []string{"c", "b"} {
		if l.EnterTurn("r", types.UID(n), n) {
			t.Errorf("it is %s's turn too", n)
		}
	}
	for i, reason := range []string{"One", "One", "Two"} {
		if news := l.FailTurn("a", reason, fmt.Sprint(i)); news == (i == 1) {
			t.Errorf("failure %d: news is %v", i, news)
		}
	}
	if got := l.FailedTurn("r"); got == nil || *got != (Failure{"a", "Two", "2"}) || len(l.Call()) > 0 || l.FailTurn("b", "x", "") {
		t.Errorf("the failure of a stops nobody: %v", got)
	}
	l.LeaveTurn("a")
	if got := l.Call(); !slices.Equal(got, []string{"b"}) || l.HasTurn("a") || l.FailedTurn("r") != nil {
		t.Errorf("called %v after a", got)
	}
	if !l.EnterTurn("r", "b", "b") {
		t.Error("b was called, and it is not its turn")
	}
	l.LeaveTurn("b")
	l.LeaveTurn("x")
	if got := l.Call(); !slices.Equal(got, []string{"c"}) || len(l.Call()) > 0 || len(l.turns) > 0 {
		t.Errorf("called %v after b; %d requests are kept", got, len(l.turns))
	}
}
