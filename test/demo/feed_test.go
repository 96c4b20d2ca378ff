package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// told gives what a feed shows of events that come within a moment.
func told(t *testing.T, events ...event) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	f := &feed{screen: newScreen(out)}
	for _, e := range events {
		f.tell(e)
	}
	f.flush()
	content, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func crowdOf(n int, e event) (out []event) {
	for i := range n {
		e.subject = fmt.Sprintf("worker-%d", i)
		out = append(out, e)
	}
	return out
}

func TestACrowdIsOneLine(t *testing.T) {
	got := told(t, crowdOf(20, event{source: "vm", what: "started"})...)
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "20 of them") || !strings.Contains(got, "worker-2, …") {
		t.Errorf("got:\n%s", got)
	}
}

func TestAFewHaveALineEach(t *testing.T) {
	if got := told(t, crowdOf(3, event{source: "vm", what: "started"})...); strings.Count(got, "\n") != 3 {
		t.Errorf("got:\n%s", got)
	}
}

func TestWhatMattersHasALineOfItsOwnInAnyCrowd(t *testing.T) {
	if got := told(t, crowdOf(20, event{source: "node", what: "podCIDR", alone: true})...); strings.Count(got, "\n") != 20 {
		t.Errorf("got:\n%s", got)
	}
}

func TestALateCrowdComesAfterWhatLedToIt(t *testing.T) {
	var events []event
	for _, e := range crowdOf(5, event{source: "node"}) {
		events = append(events,
			event{source: "node", subject: e.subject, what: "podCIDR", alone: true},
			event{source: "node", subject: e.subject, what: "ready", late: true})
	}
	got := strings.TrimSpace(told(t, events...))
	if last := got[strings.LastIndex(got, "\n")+1:]; !strings.Contains(last, "5 of them") {
		t.Errorf("got:\n%s", got)
	}
}

// TestANoteIsNarrow: also where there is no terminal to ask for its width.
func TestANoteIsNarrow(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	newScreen(out).note(strings.Repeat("word ", 40))
	content, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	if len(lines) != 3 || strings.Count(string(content), "word") != 40 {
		t.Errorf("got:\n%s", content)
	}
	for _, l := range lines {
		if n := len([]rune(l)); n > 80 {
			t.Errorf("%d columns: %s", n, l)
		}
	}
}
