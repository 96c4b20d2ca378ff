package claims

import (
	"fmt"
	"time"
)

// vigil knows since when a step is as wanted.
type vigil struct {
	Step
	began, since time.Time
}

// see takes in what came of a try, and tells whether the step is done.
func (v *vigil) see(tried, now time.Time, err error) (done bool, failed error) {
	if err != nil {
		return false, v.otherwise(now, err)
	}
	if v.since.IsZero() {
		v.since = now
		if v.Want == "!" { // when the question was asked that got no answer
			v.since = tried
		}
	}
	return now.Sub(v.since) >= max(v.Stays, v.Settles), nil
}

// otherwise returns an error unless it may still come to be as wanted.
func (v *vigil) otherwise(now time.Time, err error) error {
	if !v.since.IsZero() && v.Settles == 0 {
		return fmt.Errorf("after %s it was no longer so: %w", now.Sub(v.since).Round(time.Millisecond), err)
	}
	limit := v.Within
	if limit == 0 {
		limit = patience
	}
	if now.Sub(v.began) > limit {
		return err
	}
	v.since = time.Time{}
	return nil
}
