package cloud

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"
)

// RetryPolicy is how long an adapter waits for the cloud, and how it repeats what the
// cloud did not take up.
type RetryPolicy struct {
	// CallTimeout bounds one request (default 30 s).
	CallTimeout time.Duration
	// Retries is how often a request is repeated that was throttled, and how
	// often a change is tried again that met another writer, or whose outcome is
	// not known (default 10).
	Retries int
	// BackoffMin and BackoffMax bound the wait between tries (200 ms, 10 s).
	BackoffMin, BackoffMax time.Duration
}

// WithDefaults fills in what is not set.
func (p RetryPolicy) WithDefaults() RetryPolicy {
	return RetryPolicy{
		CallTimeout: cmp.Or(p.CallTimeout, 30*time.Second), Retries: cmp.Or(p.Retries, 10),
		BackoffMin: cmp.Or(p.BackoffMin, 200*time.Millisecond), BackoffMax: cmp.Or(p.BackoffMax, 10*time.Second),
	}
}

// unavailableTries is how often a call is repeated that did not reach the
// cloud. A person should hear of a broken network soon, and the caller tries
// again anyway.
const unavailableTries = 3

// Retry repeats a call while it is throttled or the cloud is not reached.
func (p RetryPolicy) Retry(ctx context.Context, f func() error) error {
	for try := 0; ; try++ {
		err := f()
		tries := 0
		switch ReasonOf(err) {
		case Throttled:
			tries = p.Retries
		case Unavailable:
			tries = min(p.Retries, unavailableTries)
		}
		if try >= tries || !p.Pause(ctx, try) {
			return err
		}
	}
}

// Pause waits before try+1: twice as long each time, with jitter so that
// those who met once do not meet again. It is false when ctx ended.
func (p RetryPolicy) Pause(ctx context.Context, try int) bool {
	d := min(p.BackoffMin<<min(try, 20), p.BackoffMax)
	return Sleep(ctx, d/2+rand.N(d/2+1))
}

// Sleep waits; it is false when ctx ended before.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
