package simulate_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestTheAgendaIsKeptInOrder(t *testing.T) {
	t.Parallel()
	var a simulate.Agenda
	var did []int
	do := func(n int) func() { return func() { did = append(did, n) } }
	a.At(start, start.Add(2*time.Second), do(3))
	a.At(start, start.Add(time.Second), func() {
		do(1)()
		a.At(start.Add(time.Second), start.Add(time.Second), do(2)) // due at once
	})
	a.At(start, start.Add(2*time.Second), do(4))
	a.At(start, start, do(0))
	a.At(start, start.Add(time.Hour), do(5))
	a.Settle(start.Add(2 * time.Second))
	if !slices.Equal(did, []int{0, 1, 2, 3, 4}) {
		t.Errorf("done in the order %v", did)
	}
}

func TestTheJournalLooksBackByTimeAndByChanges(t *testing.T) {
	t.Parallel()
	j := simulate.NewJournal[string, int](10)
	for n, key := range []string{"a", "b", "a", "c"} { // a: 0 then 1, b: 0, c: 0
		was := 0
		if n == 2 {
			was = 1
		}
		j.Note(start.Add(time.Duration(n)*time.Second), key, was)
	}
	all := func(string) bool { return true }
	now := start.Add(3 * time.Second)
	for _, c := range []struct {
		age   simulate.Age
		match func(string) bool
		want  map[string]int
	}{
		{simulate.Age{}, all, nil},
		{simulate.Age{Changes: 1}, all, map[string]int{"c": 0}},
		{simulate.Age{Changes: 2}, all, map[string]int{"c": 0, "a": 1}},
		{simulate.Age{Changes: 1}, func(k string) bool { return k == "a" }, map[string]int{"a": 1}},
		{simulate.Age{Past: 1500 * time.Millisecond}, all, map[string]int{"c": 0, "a": 1}},
		{simulate.Age{Past: time.Hour}, all, map[string]int{"a": 0, "b": 0, "c": 0}},
		{simulate.Age{Past: 1500 * time.Millisecond, Changes: 2}, all, map[string]int{"c": 0, "a": 1}}, // whichever is more
		{simulate.Age{Past: 500 * time.Millisecond, Changes: 2}, all, map[string]int{"c": 0, "a": 1}},
	} {
		if got := j.Past(now, c.age, c.match); !maps.Equal(got, c.want) {
			t.Errorf("%+v: got %v, want %v", c.age, got, c.want)
		}
	}
}

// even strikes even calls.
type even struct{ which simulate.Choice }

func (even) Matches(c int) bool           { return c%2 == 0 }
func (f even) Choice() simulate.Choice    { return f.which }
func (even) Effect() simulate.Effect[int] { return simulate.Effect[int]{Refusal: errors.New("no")} }

func TestFaultsStrikeTheCallsOfTheirChoice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		which simulate.Choice
		want  []int
	}{
		{simulate.Choice{}, []int{0, 2, 4, 6, 8, 10}},
		{simulate.Choice{Skip: 2}, []int{4, 6, 8, 10}},
		{simulate.Choice{Count: 2}, []int{0, 2}},
		{simulate.Choice{Every: 2}, []int{2, 6, 10}},
		{simulate.Choice{Skip: 1, Every: 2, Count: 2}, []int{4, 8}},
	} {
		var box simulate.Faults[even, int]
		simulate.Seed(&box, 1)
		in := box.Inject(even{c.which})
		var struck []int
		for call := range 12 {
			faults := simulate.Match(&box, call)
			if err := simulate.Before(t.Context(), faults, call); err != nil {
				struck = append(struck, call)
			}
		}
		if !slices.Equal(struck, c.want) || in.Hits() != len(c.want) {
			t.Errorf("%+v struck %v (%d), want %v", c.which, struck, in.Hits(), c.want)
		}
		in.Remove()
		if len(simulate.Match(&box, 0)) > 0 {
			t.Error("a fault that was removed strikes")
		}
	}
}

func TestTheLogIsBoundedAndItsCountsAreExact(t *testing.T) {
	t.Parallel()
	var l simulate.Log[int]
	simulate.Bound(&l, 10)
	for n := range 100 {
		simulate.Record(&l, n, "f", n%4 == 0)
	}
	if got := l.Calls(); len(got) > 10 || got[len(got)-1] != 99 || l.CallCounts()["f"] != 100 || l.MutatingCalls() != 25 {
		t.Errorf("it has %v, %v, %d", got, l.CallCounts(), l.MutatingCalls())
	}
	l.ResetCalls()
	if len(l.Calls())+len(l.CallCounts())+l.MutatingCalls() > 0 {
		t.Error("something is left")
	}
}

// What a fault has invented is no answer that the cloud publishes.
func TestTheRecordLeavesInventedAnswersOut(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(simulate.RecordEnv, dir)
	url, stop, err := simulate.Serve("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/invented" {
			simulate.LeaveOut(w)
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/invented", "/true"} {
		reply, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(reply.Body); err != nil || string(got) != path {
			t.Errorf("%s answers %q, %v", path, got, err)
		}
		reply.Body.Close()
	}
	stop()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the records are %v, %v", files, err)
	}
	lines, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(lines), "\n") != 1 || !strings.Contains(string(lines), `"/true"`) {
		t.Errorf("it has %s, %v", lines, err)
	}
}
