package claims

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// prover is the world of one claim, with what its steps found out.
type prover struct {
	World
	found map[string]string
}

// Fact is one that was found out, or the world's.
func (p prover) Fact(name string) (string, bool) {
	if value, ok := p.found[name]; ok {
		return value, true
	}
	return p.World.Fact(name)
}

func prove(ctx context.Context, w World, c Claim) Result {
	p := prover{w, map[string]string{}}
	began := time.Now()
	changed := began // when the last step ended that measures nothing
	r := Result{Claim: c.Says, OK: true}
	for _, s := range c.Steps {
		since, err := p.check(ctx, s, &r)
		if err != nil {
			r.OK, r.Why = false, err.Error()
			break
		}
		if s.Measures == "" {
			changed = time.Now()
		} else {
			r.Measured = append(r.Measured, Measured{s.Measures, since.Sub(changed).Round(time.Millisecond)})
		}
	}
	r.Took = time.Since(began).Round(time.Millisecond)
	return r
}

// check runs the step until it is as wanted, and returns since when it is.
func (p prover) check(ctx context.Context, s Step, r *Result) (since time.Time, err error) {
	v := vigil{Step: s, began: time.Now()}
	for {
		tried := time.Now()
		r.Command, r.Output, err = p.once(ctx, s)
		if ctx.Err() != nil && err != nil {
			return v.since, err
		}
		if done, err := v.see(tried, time.Now(), err); done || err != nil {
			return v.since, err
		}
		time.Sleep(again)
	}
}

// once runs the command with the facts of this moment: some come to be.
func (p prover) once(ctx context.Context, s Step) (command, output string, err error) {
	var texts [3]string
	for i, text := range []string{s.In, s.Run, s.Want} {
		if texts[i], err = fill(p, text); err != nil {
			return s.In + ": " + s.Run, "", err
		}
	}
	output, failed := p.Run(ctx, texts[0], texts[1])
	found, err := judge(output, failed, texts[2])
	if output == "" && failed != nil { // what refused says why
		output = failed.Error()
	}
	maps.Copy(p.found, found)
	return texts[0] + ": " + texts[1], output, err
}

// judge says why an output is not what is wanted, and what its groups matched.
func judge(output string, failed error, want string) (found map[string]string, err error) {
	text, not := strings.CutPrefix(want, "!")
	if not && text == "" {
		if failed == nil {
			return nil, fmt.Errorf("it works: %s", output)
		}
		return nil, nil
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	match := pattern.FindStringSubmatch(output)
	switch {
	case not && match != nil:
		return nil, fmt.Errorf("got %q, which is not to match %s", output, text)
	case not:
		return nil, nil
	case failed != nil:
		return nil, fmt.Errorf("%w: %s", failed, output)
	case match == nil:
		return nil, fmt.Errorf("got %q, want %s", output, text)
	}
	found = map[string]string{}
	for i, name := range pattern.SubexpNames() {
		if name != "" {
			found[name] = match[i]
		}
	}
	return found, nil
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
