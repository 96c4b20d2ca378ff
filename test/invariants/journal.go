package invariants

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// Call is one line of a cloud's log of calls.
type Call struct {
	Method, Resource string
	Status           int    // 0 where no reply was sent
	Reason           string // of a refusal
	Mutating         bool
}

func (c Call) String() string {
	if c.Reason == "" {
		return fmt.Sprintf("%s %s (%d)", c.Method, c.Resource, c.Status)
	}
	return fmt.Sprintf("%s %s (%d %s)", c.Method, c.Resource, c.Status, c.Reason)
}

// GCECalls is the log of a simulated Compute Engine.
func GCECalls(log []gcesim.Call) (out []Call) {
	for _, c := range log {
		out = append(out, Call{c.Method, c.Resource, c.Status, c.Reason, c.Mutating})
	}
	return out
}

// EC2Calls is the log of a simulated EC2.
func EC2Calls(log []awssim.Call) (out []Call) {
	for _, c := range log {
		out = append(out, Call{c.Action, c.Resource, c.Status, c.Code, c.Mutating})
	}
	return out
}

// Changes are the calls that asked for a change.
func Changes(log []Call) (out []Call) {
	for _, c := range log {
		if c.Mutating {
			out = append(out, c)
		}
	}
	return out
}

// Quiet is nil when no call asked for a change but those that are excused (I6).
func Quiet(log []Call, excused func(Call) bool) error {
	var bad []error
	for _, c := range slices.DeleteFunc(Changes(log), excused) {
		bad = append(bad, fmt.Errorf("I6: nothing was left to do, and then: %s", c))
	}
	return errors.Join(bad...)
}
