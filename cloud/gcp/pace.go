package gcp

import (
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// pace says when to look at a scope's operations. Those that are alike take
// about as long, so what earlier ones took tells when the next ones end: looks
// are spared until then, and spent when operations are due.
type pace struct {
	min, max time.Duration // between looks at operations of which nothing is known
	// usual is what operations took of late, rather less than more; zero while
	// that is not known.
	usual  time.Duration
	credit *rate.Limiter
}

const (
	// lateness is the part of an operation's time by which its end is seen
	// late at most, and by which it is looked for early.
	lateness = 20
	// spared is how many looks are saved up at most, nearly as many as there
	// would be in an operation's time.
	spared = 16
	// glances is how many there are at least until an operation is due.
	glances = 4
	// finer is how many times as often those that are due are looked at.
	finer = 4
	// overtime is the part of the time that an operation is overdue after which
	// it is looked at again.
	overtime = 4
)

func newPace(min, max time.Duration) *pace {
	return &pace{min: min, max: max, credit: rate.NewLimiter(rate.Every(min), spared)}
}

// interval is between two looks at an operation of that age.
func (c *pace) interval(age time.Duration) time.Duration {
	return min(max(age/lateness, c.min), c.max)
}

// took learns from an operation that was done when it was looked at. One that
// took far longer than usual says nothing of others.
func (c *pace) took(age time.Duration) {
	switch {
	case c.usual == 0 || age < c.usual:
		c.usual = age
	case age < c.usual+c.usual/2:
		c.usual += (age - c.usual) / 32
	}
	c.credit.SetLimit(rate.Every(c.interval(c.usual)))
}

// looked counts a look.
func (c *pace) looked(now time.Time) { c.credit.AllowN(now, 1) }

// next says when to look again at operations that are waited for since then.
func (c *pace) next(last, now time.Time, since []time.Time) time.Time {
	if c.usual == 0 {
		return last.Add(c.byAge(now, since))
	}
	var soonest time.Time
	for _, began := range since {
		if look := c.nextOf(last, began); soonest.IsZero() || look.Before(soonest) {
			soonest = look
		}
	}
	if earliest := last.Add(max(c.min, c.usual/lateness) / finer); soonest.Before(earliest) {
		soonest = earliest
	}
	if short := 1 - c.credit.TokensAt(soonest); short > 0 {
		soonest = soonest.Add(time.Duration(short * float64(c.interval(c.usual))))
	}
	return soonest
}

// nextOf is for one operation. Until it is due it is only glanced at, as it may
// be faster than others were: it is seen when it is twice as old at most. Then it
// is looked at often, and the longer it is overdue the more seldom.
func (c *pace) nextOf(last, began time.Time) time.Time {
	due := began.Add(c.usual - c.usual/lateness)
	if overdue := last.Sub(due); overdue >= 0 {
		return last.Add(min(overdue/overtime, c.interval(last.Sub(began))))
	}
	if last.Before(began) {
		last = began
	}
	if glance := last.Add(min(c.usual/glances, max(c.min, last.Sub(began)))); glance.Before(due) {
		return glance
	}
	return due
}

// byAge goes by the lower median age: one stuck operation does not slow down
// the others, and a steady flow of new ones does not make us look all the time.
func (c *pace) byAge(now time.Time, since []time.Time) time.Duration {
	slices.SortFunc(since, time.Time.Compare)
	return c.interval(now.Sub(since[len(since)/2]))
}
