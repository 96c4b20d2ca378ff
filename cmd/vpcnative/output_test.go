package main

import (
	"bytes"
	"os"
	"testing"
)

// TestStyleFollowsTheTerminal: a pipe and a buffer have no colour, and a
// locale that is not UTF-8 gets ASCII.
func TestStyleFollowsTheTerminal(t *testing.T) {
	for locale, ascii := range map[string]bool{"C.UTF-8": false, "de_DE.utf8": false, "C": true, "en_US.ISO-8859-1": true} {
		t.Setenv("LC_ALL", locale)
		if got := (&output{}).style(&bytes.Buffer{}); got.ASCII != ascii || got.Colour {
			t.Errorf("%s: %+v", locale, got)
		}
	}
	t.Setenv("LC_ALL", "C.UTF-8")
	if got := (&output{ascii: true}).style(&bytes.Buffer{}); !got.ASCII {
		t.Errorf("--ascii: %+v", got)
	}
	_, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if got := (&output{}).style(w); got.Colour {
		t.Errorf("a pipe: %+v", got)
	}
}
