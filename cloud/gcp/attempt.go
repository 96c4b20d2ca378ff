package gcp

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/vpcnative/vpcnative/cloud"
)

// attempt is a change under way, and what is known of its requests.
type attempt struct {
	*vpc
	about subject
	// unsure is set once a request of ours may have been taken up without
	// our knowing. From then on no refusal is the last word: it may be about
	// the second try only.
	unsure error
	// request is the ID of a request of which it is not known how it ended: the
	// cloud takes a repeat for the same. A try after a known end is a new one,
	// or the cloud would answer with the end of the old.
	request string
}

func (a *attempt) requestID() string {
	if a.request == "" {
		a.request = uuid.NewString()
	}
	return a.request
}

// finish waits until the cloud is done with a request that it took up.
func (a *attempt) finish(ctx context.Context, method string, at scope, op operation) (err error) {
	if !op.done {
		if op, err = a.ops.wait(ctx, at, op.name, a.about); err != nil {
			return err
		}
	}
	return op.failure(method, a.about)
}

// settle looks and changes until what is wanted is so: again and again, as others
// change it too. again says whether a refusal is worth another try.
func (a *attempt) settle(ctx context.Context, needed func(context.Context) (bool, error), send func(context.Context) error, again func(error) bool) error {
	for try := 0; ; try++ {
		due, err := needed(ctx)
		if err != nil || !due {
			return a.final(err)
		}
		if err = send(ctx); err == nil {
			return nil
		}
		if !again(err) || try >= a.Retries || !a.Pause(ctx, try) {
			return a.final(err)
		}
	}
}

// refuse is an error of our own about the change.
func (a *attempt) refuse(r cloud.Reason, what, remedy string) error {
	return &cloud.Error{Reason: r, Act: a.about.act, Resource: a.about.resource, Err: errors.New(what), Remedy: remedy}
}

// final makes an error the last word. What was read says what is there, but not
// what a request without a reply may still make.
func (a *attempt) final(err error) error {
	if err != nil && a.unsure != nil {
		return a.unsure
	}
	return err
}
