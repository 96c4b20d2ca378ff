package claims

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// scripted is a world whose commands print one thing after the other.
type scripted map[string][]string

func (w scripted) Fact(name string) (string, bool) {
	value, ok := map[string]string{"a.pod": "10.4.0.7"}[name]
	return value, ok
}

func (w scripted) Run(_ context.Context, in, command string) (string, error) {
	said := w[in+": "+command]
	if len(said) == 0 {
		return "", errors.New("no such command")
	}
	if len(said) > 1 {
		w[in+": "+command] = said[1:]
	}
	if text, failed := strings.CutPrefix(said[0], "!"); failed {
		return text, errors.New("exit status 1")
	}
	return said[0], nil
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name string
		said []string
		step Step
		why  string // part of it; empty is ✓
	}{
		{"it is so", []string{"peer 10.4.0.7"}, Step{Want: "peer {a.pod}"}, ""},
		{"it is otherwise", []string{"peer 10.0.0.2"}, Step{Want: "peer {a.pod}"}, `got "peer 10.0.0.2", want peer 10.4.0.7`},
		{"it comes to be so", []string{"!refused", "no", "yes"}, Step{Want: "yes", Within: time.Second}, ""},
		{"it fails, as wanted", []string{"!refused"}, Step{Want: "!"}, ""},
		{"it works, which is not wanted", []string{"hello"}, Step{Want: "!"}, "it works: hello"},
		{"it says what it must not", []string{"peer"}, Step{Want: "!peer"}, "is not to match peer"},
		{"it fails with what it must not say", []string{"!peer"}, Step{Want: "!peer"}, "is not to match peer"},
		{"it does not stay so", []string{"yes", "yes", "no"}, Step{Want: "yes", Stays: time.Second}, "it was no longer so"},
		{"a fact that there is not", []string{""}, Step{Want: "{b.pod}"}, "the lab has no {b.pod}"},
		{"a pattern that is none", []string{""}, Step{Want: "("}, "error parsing regexp"},
	} {
		c.step.In, c.step.Run = "pod/a", "x"
		if c.step.Within == 0 {
			c.step.Within = time.Millisecond
		}
		got := Check(t.Context(), scripted{"pod/a: x": c.said}, "gcp", []Claim{{Says: c.name, Steps: []Step{c.step}}}, func(Result) {})
		if len(got) != 1 || got[0].OK != (c.why == "") || !strings.Contains(got[0].Why, c.why) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestClaimsOfAnotherCloudAreLeftOut(t *testing.T) {
	table := []Claim{{Says: "x", Clouds: []string{"aws"}}, {Says: "y"}}
	if got := Check(t.Context(), scripted{}, "gcp", table, func(Result) {}); len(got) != 1 || got[0].Claim != "y" {
		t.Errorf("%+v", got)
	}
}

func TestTheTable(t *testing.T) {
	var out strings.Builder
	Write(&out, "the lab", []Result{{Claim: "it works", Command: "pod/a: app get", Output: "hello", OK: true}, {Claim: "it does not", Why: "refused", Output: "bye"}})
	for _, want := range []string{"✓", "it works", "hello", "✗", "refused"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "bye") {
		t.Error("of one that failed the reason is to be seen")
	}
}

// TestClaimsAreComplete: each says something, and runs something.
func TestClaimsAreComplete(t *testing.T) {
	for _, c := range append(append([]Claim(nil), Network...), ByHand...) {
		if c.Says == "" || len(c.Steps) == 0 {
			t.Errorf("%+v", c)
		}
	}
}
