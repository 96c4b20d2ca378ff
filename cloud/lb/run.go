package lb

import (
	"context"
	"errors"

	"github.com/vpcnative/vpcnative/cloud"
)

// Run carries the actions out one after another and enters what each came to
// in the state. What needs an action that failed is left out; everything else
// is done; what only waits for a person with more rights holds nothing up. The
// errors are those of the actions, and one for each conflict.
func Run(ctx context.Context, b Balancers, plan Actions, state State) error {
	var all []error
	failed := make([]bool, len(plan))
	for i, a := range plan {
		for _, need := range a.Needs {
			failed[i] = failed[i] || failed[need]
		}
		switch {
		case a.Verb == Conflict:
			all = append(all, &cloud.Error{Reason: cloud.Conflict, Act: "keep " + a.Kind, Resource: a.Name, Err: errors.New(a.Why),
				Remedy: "nothing of it is changed"})
			failed[i] = true
		case failed[i] || a.Verb == Blocked:
			failed[i] = true
		default:
			now, err := b.Apply(ctx, a, state)
			if err != nil {
				_, admin := errors.AsType[*NeedsAdmin](err)
				failed[i] = !admin
				all = append(all, err)
				continue
			}
			state.Note(a, now)
		}
	}
	return errors.Join(all...)
}
