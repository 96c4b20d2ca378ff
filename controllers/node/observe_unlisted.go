package node

import (
	"slices"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// unlisted are the VPCs whose interfaces could not be listed: nothing that
// rests in one is given out again, which is said after a while. They are the run
// loop's.
type unlisted map[cloud.Place]noList

type noList struct {
	networks []string
	since    time.Time // of the first failure
	again    time.Time
	tries    int
	trouble  *conditions.Refusal
}

// mostBetween is how long after failures a listing is put off at most.
const mostBetween = time.Minute

// may reports whether it is time for another try.
func (u unlisted) may(at cloud.Place, now time.Time) bool {
	return !now.Before(u[at].again)
}

// ended notes how a listing went.
func (u unlisted) ended(at cloud.Place, networks []string, err error, now time.Time) {
	if err == nil {
		delete(u, at)
		return
	}
	x := u[at]
	if x.tries == 0 {
		x.since = now
	}
	x.networks, x.trouble = networks, conditions.FromCloud(err)
	x.again = now.Add(min(time.Second<<min(x.tries, 6), mostBetween))
	x.tries++
	u[at] = x
}

// refusal is why nothing that rests in a Network is given out again; nil where
// it is.
func (u unlisted) refusal(network string, now time.Time) *conditions.Refusal {
	for _, x := range u {
		if !slices.Contains(x.networks, network) || release.Passing(x.trouble.Reason) && now.Sub(x.since) < release.OverdueAfter {
			continue
		}
		return conditions.Refuse(x.trouble.Reason,
			"released node CIDRs are not allocated again until a listing shows that no interface carries them, and that fails (Networks %s: %s); it is retried",
			strings.Join(x.networks, ", "), cloud.Steady(x.trouble.Text))
	}
	return nil
}
