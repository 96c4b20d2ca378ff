// Package claims holds what the lab shows: a table of claims, each with the
// commands that prove it, what they print, and a verdict.
package claims

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Claim is something that holds, and how one sees it. The last step is what the
// table shows.
type Claim struct {
	Says  string
	Steps []Step
	// Clouds are where it holds; empty is everywhere.
	Clouds []string
	// Core claims are checked by CI too.
	Core bool
}

// Step is a command and what it must print.
type Step struct {
	// In is where the command runs: a machine, a pod, the internet, "cloud" or
	// "fabric"; the world of the lab knows them. {NAME} in In, Run and Want is a
	// fact of that world.
	In, Run string
	// Want is a regular expression that the output has. One that begins with "!"
	// must not be in the output, and the command may fail: "!" alone wants that
	// it fails.
	Want string
	// Within is how long it may take until the output is as wanted: what the
	// cloud and the data plane do takes time. Never less than a few seconds are
	// given where something has to come to be.
	Within time.Duration
	// Stays is how long the output must then be so. Settles is that too, but it
	// may be otherwise in between: then it is waited for anew.
	Stays, Settles time.Duration
}

// World is a lab that runs.
type World interface {
	// Fact is an address, a name or another value of the world.
	Fact(name string) (value string, ok bool)
	// Run runs a command somewhere.
	Run(ctx context.Context, in, command string) (output string, err error)
}

// Result is a row of the table.
type Result struct {
	Claim   string        `json:"claim"`
	Command string        `json:"command"`
	Output  string        `json:"output"`
	OK      bool          `json:"ok"`
	Why     string        `json:"why,omitempty"` // where it is not
	Took    time.Duration `json:"took"`
}

const (
	patience = 15 * time.Second
	again    = 150 * time.Millisecond
)

// Check proves the claims of a cloud, one after the other, and reports each.
func Check(ctx context.Context, w World, cloud string, table []Claim, report func(Result)) (all []Result) {
	for _, c := range table {
		if len(c.Clouds) > 0 && !strings.Contains(strings.Join(c.Clouds, " "), cloud) || ctx.Err() != nil {
			continue
		}
		began := time.Now()
		r := Result{Claim: c.Says, OK: true}
		for _, s := range c.Steps {
			var err error
			r.Command, r.Output, err = check(ctx, w, s)
			if err != nil {
				r.OK, r.Why = false, err.Error()
				break
			}
		}
		r.Took = time.Since(began).Round(time.Millisecond)
		report(r)
		all = append(all, r)
	}
	return all
}

func check(ctx context.Context, w World, s Step) (command, output string, err error) {
	limit := s.Within
	if limit == 0 {
		limit = patience
	}
	began, since := time.Now(), time.Time{}
	for {
		command, output, err = once(ctx, w, s)
		now := time.Now()
		switch {
		case err == nil && since.IsZero():
			since = now
		case err != nil && !since.IsZero() && s.Settles == 0:
			return command, output, fmt.Errorf("after %s it was no longer so: %w", now.Sub(since).Round(time.Millisecond), err)
		case err != nil && now.Sub(began) > limit, err != nil && ctx.Err() != nil:
			return command, output, err
		case err != nil:
			since = time.Time{}
		}
		if !since.IsZero() && now.Sub(since) >= max(s.Stays, s.Settles) {
			return command, output, nil
		}
		time.Sleep(again)
	}
}

// once runs the command with the facts of this moment: some come to be.
func once(ctx context.Context, w World, s Step) (command, output string, err error) {
	var texts [3]string
	for i, text := range []string{s.In, s.Run, s.Want} {
		if texts[i], err = fill(w, text); err != nil {
			return s.In + ": " + s.Run, "", err
		}
	}
	output, failed := w.Run(ctx, texts[0], texts[1])
	return texts[0] + ": " + texts[1], output, judge(output, failed, texts[2])
}

// judge says why an output is not what is wanted.
func judge(output string, failed error, want string) error {
	pattern, not := strings.CutPrefix(want, "!")
	if not && pattern == "" {
		if failed == nil {
			return fmt.Errorf("it works: %s", output)
		}
		return nil
	}
	found, err := regexp.MatchString(pattern, output)
	switch {
	case err != nil:
		return err
	case not && found:
		return fmt.Errorf("got %q, which is not to match %s", output, pattern)
	case !not && failed != nil:
		return fmt.Errorf("%w: %s", failed, output)
	case !not && !found:
		return fmt.Errorf("got %q, want %s", output, pattern)
	}
	return nil
}

var fact = regexp.MustCompile(`\{[a-z][a-z0-9.-]*\}`)

// fill puts facts in the places of their names. A world that lacks one cannot
// prove the claim.
func fill(w World, text string) (string, error) {
	var missing []string
	out := fact.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := w.Fact(strings.Trim(name, "{}"))
		if !ok {
			missing = append(missing, name)
		}
		return value
	})
	if missing != nil {
		return "", fmt.Errorf("the lab has no %s", strings.Join(missing, ", "))
	}
	return out, nil
}
