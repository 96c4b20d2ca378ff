package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestTheLastLineOfAProgramIsKept(t *testing.T) {
	p := &program{}
	for _, text := range []string{"one\ntw", "o\n", "thr"} {
		if _, err := p.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(&stage{options: &options{}})
	w.programs["internet"] = p
	if got, err := w.said("internet"); got != "two" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	p.ended = exec.ErrNotFound
	if got, err := w.said("internet"); got != "two" || err == nil || !strings.Contains(err.Error(), "it has ended") {
		t.Errorf("after its end: %q, %v", got, err)
	}
	if _, err := w.said("pod/a"); err == nil {
		t.Error("where nothing runs, something was said")
	}
}
