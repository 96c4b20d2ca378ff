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
