package fabric

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"time"
)

// delay holds what was seen back for a random time. Nothing overtakes.
type delay struct {
	most    time.Duration
	last    VPC
	waiting []delayed
}

type delayed struct {
	vpc VPC
	at  time.Time
}

// next takes in what is seen now and returns the newest that is due.
func (d *delay) next(seen VPC, now time.Time) (VPC, bool) {
	if !reflect.DeepEqual(seen, d.last) {
		d.last = seen
		at := now
		if d.most > 0 {
			at = now.Add(rand.N(d.most))
		}
		if n := len(d.waiting); n > 0 && at.Before(d.waiting[n-1].at) {
			at = d.waiting[n-1].at
		}
		d.waiting = append(d.waiting, delayed{seen, at})
	}
	due := slices.IndexFunc(d.waiting, func(w delayed) bool { return w.at.After(now) })
	if due < 0 {
		due = len(d.waiting)
	}
	if due == 0 {
		return VPC{}, false
	}
	v := d.waiting[due-1].vpc
	d.waiting = d.waiting[due:]
	return v, true
}
