package aws

import (
	"context"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// standing is how something is, as it reads.
type standing int

const (
	due      standing = iota // it has to be asked for
	underWay                 // it comes, or goes, by itself
	done
)

// bringing is a change of which a read tells how it stands, and nothing else.
type bringing struct {
	about   subject
	removes bool
	look    func() (standing, error)
	send    func() error
	users   func() []string // who stands in the way of a removal

	since   time.Time // reads that begin ReadLag later show all that is told here
	asked   bool
	refused bool // the last request was
	unsure  int  // requests of which nobody knows
}

// until looks, and asks for what is due, until it is done, fails, or ctx ends.
// What became of a request whose reply was lost, the next look shows.
//
// A look may be behind. So nothing is asked for again before one must show what
// became of the request before; a refusal counts if it comes again then, as it
// may have been for our own earlier request; and that there is nothing to remove
// is believed then, unless it has been seen.
func (v newSpace) until(ctx context.Context, b *bringing) error {
	b.since = time.Now()
	for try := 0; ; try++ {
		behind := v.behind(b.since)
		now, err := b.look()
		switch {
		case err == nil && now == done && (!b.removes || b.asked || !behind):
			return nil
		case err == nil && now == due && !(behind && b.asked):
			err = b.ask(v.Retries)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err != nil || !v.Pause(ctx, min(try, 4)) {
			return &cloud.Error{Reason: cloud.OutcomeUnknown, Act: b.about.act, Resource: b.about.resource, Err: ctx.Err(), Remedy: "it is read again"}
		}
	}
}

// ask makes the request; an error is the last word.
func (b *bringing) ask(retries int) error {
	err, before := b.send(), b.refused
	b.asked, b.refused, b.since = true, false, time.Now()
	switch r := cloud.ReasonOf(err); {
	case err == nil, b.removes && r == cloud.NotFound:
	case r == cloud.OutcomeUnknown && b.unsure < retries:
		b.unsure++
	case r != cloud.Conflict && r != cloud.Invalid, before && b.users == nil:
		return err
	case before:
		return usedBy(err, b.users())
	default:
		b.refused = true
	}
	return nil
}
