package gcesim

import (
	"path"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// Fault makes matching calls go wrong. The first fields choose the calls, the
// others say what happens; several may be set at once.
type Fault struct {
	// Method such as "instances.updateNetworkInterface"; "instances.*" and
	// "*" match as path.Match does.
	Method string
	// Project and Resource restrict to one project, one resource name.
	Project, Resource string
	// Skip lets the first matching calls pass.
	Skip int
	// Count is how many calls it strikes; zero means until it is removed.
	Count int
	// Every strikes each so-manieth matching call only; zero means each.
	Every int
	// Probability of striking a matching call; zero means always.
	Probability float64

	// Error is answered instead of doing anything.
	Error *APIError
	// LostReply cuts the connection after the call has had its effect.
	LostReply bool
	// Hang holds the reply until the caller gives up, or this channel is
	// closed; the call has no effect if the caller gave up first.
	Hang <-chan struct{}
	// Slow lengthens the operation that the call starts.
	Slow time.Duration
	// OperationError ends the operation that the call starts in an error,
	// without effect.
	OperationError *OperationError
	// StaleFor and StaleChanges make a get or list answer the state of that
	// time ago, or of before the last so many changes of the object (get)
	// or of that kind of object (list).
	StaleFor     time.Duration
	StaleChanges int
	// Partial makes a list lack something.
	Partial *Partial
	// Before and After run on the serving goroutine, before anything is done
	// and when the effect is there but the reply is not written. Neither
	// holds a lock: a hook may block and may use the Sim.
	Before, After func(Call)
}

// RateLimited is what a client over its rate gets: 403 rateLimitExceeded, as
// the rate limits page says.
func RateLimited() *APIError {
	return refuse(403, "rateLimitExceeded", "Rate Limit Exceeded")
}

// Injected is a fault in force.
type Injected = simulate.Injected[Fault, Call]

// Matches implements simulate.Fault.
func (f Fault) Matches(c Call) bool {
	if ok, _ := path.Match(f.Method, c.Method); !ok && f.Method != "" {
		return false
	}
	return (f.Project == "" || f.Project == c.Project) && (f.Resource == "" || f.Resource == c.Resource)
}

// Choice implements simulate.Fault.
func (f Fault) Choice() simulate.Choice {
	return simulate.Choice{Skip: f.Skip, Count: f.Count, Every: f.Every, Probability: f.Probability}
}

// Effect implements simulate.Fault.
func (f Fault) Effect() simulate.Effect[Call] {
	e := simulate.Effect[Call]{LostReply: f.LostReply, Hang: f.Hang, Before: f.Before, After: f.After,
		Stale: simulate.Age{Past: f.StaleFor, Changes: f.StaleChanges}}
	if f.Error != nil {
		e.Refusal = f.Error
	}
	return e
}
