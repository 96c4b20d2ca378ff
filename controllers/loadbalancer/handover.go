package loadbalancer

import (
	"time"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// handover is how far the load balancer that serves has been replaced.
type handover struct {
	// waits says what for; empty where nothing is being replaced.
	waits string
	// shows: the new one serves, and clients are to be told of it.
	shows bool
	again time.Duration
}

// handingOver reports how far a plan's replacement is.
func handingOver(rules lb.Rules, state lb.State, goal lb.Goal, plan lb.Actions) handover {
	waits := plan.Waits()
	if len(waits) == 0 {
		return handover{}
	}
	h := handover{waits: waits[0].Ref.String() + ": " + waits[0].Why, again: pendingPause}
	told := goal.Told
	goal.Told = nil // as if clients knew
	if left := lb.Plan(rules, state, goal).Waits(); len(left) > 0 {
		h.waits = left[0].Ref.String() + ": " + left[0].Why
		return h
	}
	h.shows = true
	for _, left := range told {
		if left > 0 {
			h.again = min(h.again, left+time.Second/10)
		}
	}
	return h
}
