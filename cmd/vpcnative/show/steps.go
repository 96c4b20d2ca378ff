package show

import (
	"fmt"
	"strings"
)

// Step is one thing that the manager would do for an object.
type Step struct {
	Verb     string   `json:"verb"`
	Resource string   `json:"resource,omitempty"`
	Why      string   `json:"why"`
	Changes  []string `json:"changes,omitempty"`
	// Again is after how long the object would be looked at again.
	Again string `json:"again,omitempty"`
}

// Steps prints what would be done for an object, below its heading.
func (p *Printer) Steps(steps []Step) {
	if len(steps) == 0 {
		fmt.Fprintln(p, "  nothing to do")
	}
	width := 8
	for _, s := range steps {
		width = max(width, len(s.Verb))
	}
	for _, s := range steps {
		fmt.Fprintf(p, "  %-*s %s%s", width, s.Verb, strings.TrimPrefix(s.Resource+": ", ": "), s.Why)
		if s.Again != "" {
			fmt.Fprintf(p, " (again in %s)", s.Again)
		}
		fmt.Fprintln(p)
		for _, c := range s.Changes {
			fmt.Fprintf(p, "             %s\n", c)
		}
	}
}
