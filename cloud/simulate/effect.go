package simulate

import (
	"context"
	"errors"
	"time"
)

// Effect is what befalls a call that a fault strikes; several may at once.
type Effect[C any] struct {
	// Refusal is answered instead of doing anything.
	Refusal error
	// LostReply cuts the connection after the call has had its effect.
	LostReply bool
	// Hang holds the reply until the caller gives up, or this channel is
	// closed; the call has no effect if the caller gave up first.
	Hang <-chan struct{}
	// Stale makes a read answer an older state.
	Stale Age
	// Before and After run on the serving goroutine, before anything is done
	// and when the effect is there but the reply is not written. Neither
	// holds a lock: a hook may block and may use the simulator.
	Before, After func(C)
}

// ErrGaveUp says that the caller hung up while the call hung.
var ErrGaveUp = errors.New("the caller gave up")

// Before lets the faults act before the call does. An error is what to answer
// instead: a fault's Refusal, or ErrGaveUp.
func Before[F Fault[C], C any](ctx context.Context, faults []F, c C) error {
	for _, f := range faults {
		e := f.Effect()
		if e.Before != nil {
			e.Before(c)
		}
		if e.Hang != nil {
			select {
			case <-e.Hang:
			case <-ctx.Done():
				return ErrGaveUp
			}
		}
		if e.Refusal != nil {
			return e.Refusal
		}
	}
	return nil
}

// After lets the faults act when the effect is there. lost tells that no
// reply may be written.
func After[F Fault[C], C any](ctx context.Context, faults []F, c C) (lost bool) {
	lost = ctx.Err() != nil
	for _, f := range faults {
		e := f.Effect()
		if e.After != nil {
			e.After(c)
		}
		lost = lost || e.LostReply
	}
	return lost
}

// AgeOf is how far back the faults let a read look.
func AgeOf[F Fault[C], C any](faults []F) (oldest Age) {
	for _, f := range faults {
		a := f.Effect().Stale
		oldest = Age{max(oldest.Past, a.Past), max(oldest.Changes, a.Changes)}
	}
	return oldest
}

// Age says how far back a stale read looks; zero is the present.
type Age struct {
	Past    time.Duration // what happened within that time is not seen
	Changes int           // nor are the last so many changes
}
