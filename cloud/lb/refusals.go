package lb

import (
	"errors"
	"maps"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// ErrMixedProtocols is in the chain of Want's error where the cloud cannot
// have a balancer's protocols together.
var ErrMixedProtocols = errors.New("the cloud cannot have these protocols on one load balancer")

// GoalOf is a balancer's goal. What one contributor asks for and cannot have is
// left out with all else that it asks for, and is in [Goal.Refused]; its error is
// about the owner, or what nobody has a part in.
func GoalOf(c Balancers, b LoadBalancer, got State) (Goal, error) {
	goal := Goal{Owner: b.Owner}
	for {
		want, err := c.Want(b, got)
		if err == nil {
			goal.Want = want
			return goal, nil
		}
		refused, is := errors.AsType[*Refusal](err)
		rest, left := b, false
		if is && refused.From != b.Owner {
			rest, left = b.without(refused.From)
		}
		if !left {
			return goal, err
		}
		b, goal.Refused = rest, append(goal.Refused, &Refusal{From: refused.From, Err: err})
	}
}

// without is the balancer without what a contributor asks for; left is false
// where that is nothing, or all.
func (b LoadBalancer) without(from cloud.Owner) (_ LoadBalancer, left bool) {
	had := len(b.Listeners) + len(b.Backends)
	b.Listeners = slices.DeleteFunc(slices.Clone(b.Listeners), func(l Listener) bool { return l.From == from })
	b.Backends = maps.Clone(b.Backends)
	maps.DeleteFunc(b.Backends, func(_ string, to Backend) bool { return to.From == from })
	return b, len(b.Listeners) > 0 && len(b.Listeners)+len(b.Backends) < had
}
