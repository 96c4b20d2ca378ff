package members

import (
	"fmt"
	"slices"
	"strings"
)

// Wanted is what a group is to hold, and what it holds.
type Wanted struct {
	Group
	Has, Want []string
}

// Change is who comes into one group and who goes.
type Change struct {
	Group
	// Attach are those that come. Again are those among them that the cloud did
	// not take before: they go in a call of their own.
	Attach, Again []string
	Detach        []string
	// DetachFirst: there is no room for those that come before others have left.
	DetachFirst bool
}

// Plan returns the changes of the groups that need one, in the order given.
// aside knows the members that are not to be tried now, and those that were not
// taken before; it may be nil.
func Plan(limits Limits, wanted []Wanted, aside *Aside) (out []Change) {
	for _, w := range wanted {
		c := Change{Group: w.Group, Detach: without(w.Has, w.Want)}
		for _, m := range without(w.Want, w.Has) {
			switch aside.state(w.Group, m) {
			case unknown:
				c.Attach = append(c.Attach, m)
			case due:
				c.Again = append(c.Again, m)
			}
		}
		if limits.Group != nil {
			most := limits.Group(w.Group)
			c.DetachFirst = most > 0 && len(w.Has)+len(c.Attach)+len(c.Again) > most
		}
		if len(c.Attach)+len(c.Again)+len(c.Detach) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// without are those of a list that the other lacks, in order, each once.
func without(list, other []string) (out []string) {
	has := make(map[string]bool, len(other))
	for _, m := range other {
		has[m] = true
	}
	for _, m := range list {
		if !has[m] {
			out, has[m] = append(out, m), true
		}
	}
	slices.Sort(out)
	return out
}

// shown is how many members a text names.
const shown = 12

// String says what changes on one line.
func (c Change) String() string {
	var parts []string
	for _, m := range slices.Concat(c.Attach, c.Again) {
		parts = append(parts, "+"+m)
	}
	for _, m := range c.Detach {
		parts = append(parts, "-"+m)
	}
	if more := len(parts) - shown; more > 0 {
		parts = append(parts[:shown], fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("members of %s: %s", c.Group, strings.Join(parts, ", "))
}
