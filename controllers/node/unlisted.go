package node

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// unlisted are the VPCs whose interfaces could not be listed: nothing that
// rests in one is given out again, which is said after a while.
type unlisted struct {
	mu sync.Mutex
	by map[cloud.Place]noList
}

type noList struct {
	networks []string
	since    time.Time // of the first failure
	again    time.Time
	tries    int
	trouble  *conditions.Refusal
}

// mostBetween is how long after failures a listing is put off at most.
const mostBetween = time.Minute

// may tells whether it is time for another try.
func (u *unlisted) may(at cloud.Place, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !now.Before(u.by[at].again)
}

// ended notes how a listing went.
func (u *unlisted) ended(at cloud.Place, networks []string, err error, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		delete(u.by, at)
		return
	}
	x := u.by[at]
	if x.tries == 0 {
		x.since = now
	}
	x.networks, x.trouble = networks, conditions.FromCloud(err)
	x.again = now.Add(min(time.Second<<min(x.tries, 6), mostBetween))
	x.tries++
	if u.by == nil {
		u.by = map[cloud.Place]noList{}
	}
	u.by[at] = x
}

// refusal is why nothing that rests in a Network is given out again; nil where
// it is.
func (u *unlisted) refusal(network string, now time.Time) *conditions.Refusal {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, x := range u.by {
		if !slices.Contains(x.networks, network) || passing(x.trouble.Reason) && now.Sub(x.since) < stuckAfter {
			continue
		}
		return conditions.Refuse(x.trouble.Reason,
			"what nodes gave back is not given out again, since nobody can tell whether an interface carries it (Networks %s: %s); it is tried again",
			strings.Join(x.networks, ", "), cloud.Steady(x.trouble.Text))
	}
	return nil
}
