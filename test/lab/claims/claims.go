// Package claims holds what the lab shows: a table of claims, each with the
// commands that prove it, what they print, and a verdict.
package claims

import (
	"context"
	"slices"
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
	// it fails. What a group (?P<NAME>...) matches is the fact {NAME} of the
	// claim's further steps.
	Want string
	// Within is how long it may take until the output is as wanted: what the
	// cloud and the data plane do takes time. Never less than a few seconds are
	// given where something has to come to be.
	Within time.Duration
	// Stays is how long the output must then be so. Settles is that too, but it
	// may be otherwise in between: then it is waited for anew.
	Stays, Settles time.Duration
	// Measures names the time until the output is as wanted, from the last step
	// before that has no such name. The table shows it.
	Measures string
}

// Cluster is what a cluster adds to Network, in the order in which it is shown.
var Cluster = slices.Concat(Services, Balancers, Nodes)

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
	// Measured are the times that steps of the claim measure.
	Measured []Measured `json:"measured,omitempty"`
}

// Measured is how long something took, in nanoseconds as JSON.
type Measured struct {
	What  string        `json:"what"`
	After time.Duration `json:"after"`
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
		r := prove(ctx, w, c)
		report(r)
		all = append(all, r)
	}
	return all
}
