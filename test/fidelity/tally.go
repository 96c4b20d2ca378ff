package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// tally is what all records come to.
type tally struct {
	exchanges map[string]int // by API
	found     map[deviation.Deviation]int
}

func newTally() *tally {
	return &tally{exchanges: map[string]int{}, found: map[deviation.Deviation]int{}}
}

func (t *tally) file(a *apis, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := json.NewDecoder(f)
	for {
		var x exchange
		if err := lines.Decode(&x); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		api, found, err := a.check(x)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		t.exchanges[api]++
		for _, d := range found {
			t.found[d]++
		}
	}
}

// report prints what was found, and is an error where anything is new, is known
// and no more, or was not looked at at all.
func (t *tally) report(w io.Writer) error {
	for _, api := range slices.Sorted(maps.Keys(t.exchanges)) {
		fmt.Fprintf(w, "%-28s %6d exchanges\n", api, t.exchanges[api])
	}
	var bad []string
	for _, api := range []string{"Compute Engine", "EC2", "Elastic Load Balancing v2"} {
		if t.exchanges[api] == 0 {
			bad = append(bad, "no exchange with "+api+" was recorded")
		}
	}
	seen := map[int]bool{}
	byText := func(a, b deviation.Deviation) int { return strings.Compare(a.String(), b.String()) }
	for _, d := range slices.SortedFunc(maps.Keys(t.found), byText) {
		i := slices.IndexFunc(known, func(k deviationKnown) bool { return k.matches(d) })
		if i < 0 {
			bad = append(bad, fmt.Sprintf("%s (%d times)", d, t.found[d]))
			continue
		}
		seen[i] = true
		fmt.Fprintf(w, "known: %s (%d times): %s\n", d, t.found[d], known[i].reason)
	}
	for i, k := range known {
		if !seen[i] {
			bad = append(bad, fmt.Sprintf("not seen any more, so take it off the list of known ones: %s of %s: %s", k.side, k.operation, k.path))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d deviations from the published APIs:\n  %s", len(bad), strings.Join(bad, "\n  "))
	}
	fmt.Fprintln(w, "fidelity: ok")
	return nil
}
