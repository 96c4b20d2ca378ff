package main

import (
	"io"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

func TestATallyFailsWhereItShouldNotPass(t *testing.T) {
	whole := func() *tally {
		x := newTally()
		for _, api := range []string{"Compute Engine", "EC2", "Elastic Load Balancing v2"} {
			x.exchanges[api] = 1
		}
		for _, k := range known {
			x.found[deviation.Deviation{Side: k.side, Operation: k.operation, Path: k.path, What: "as ever"}] = 1
		}
		return x
	}
	for name, c := range map[string]struct {
		edit func(*tally)
		want string // "" where it passes
	}{
		"what is known alone":           {func(*tally) {}, ""},
		"nothing recorded of an API":    {func(x *tally) { delete(x.exchanges, "EC2") }, "no exchange with EC2"},
		"a new deviation":               {func(x *tally) { x.found[deviation.Deviation{Side: deviation.Request, Operation: "new"}] = 1 }, "request of new"},
		"a known one that is not there": {func(x *tally) { clear(x.found) }, "not seen any more"},
	} {
		t.Run(name, func(t *testing.T) {
			x := whole()
			c.edit(x)
			err := x.report(io.Discard)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
