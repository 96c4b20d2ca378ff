package gcp

import (
	"context"

	"github.com/vpcnative/vpcnative/cloud"
)

// subject says, for error texts, what a call is for and on what.
type subject struct{ act, resource string }

// read makes a call that changes nothing, again and again while the cloud
// throttles it or does not answer, up to Retries times.
func read[T any](ctx context.Context, v *vpc, method string, in scope, about subject, f func(context.Context) (T, error)) (T, error) {
	var got T
	err := v.Retry(ctx, func() error {
		return v.once(ctx, cloud.Call{Method: method, Scope: in.quota()}, about, func(ctx context.Context) (err error) {
			got, err = f(ctx)
			return err
		})
	})
	return got, err
}

// change makes a call that changes something. It is repeated when the cloud
// refused to take it up (throttled) or was not reached, never when it may
// have been taken up: that is for the caller to settle.
func (v *vpc) change(ctx context.Context, method string, in scope, about subject, f func(context.Context) (operation, error)) (operation, error) {
	var got operation
	err := v.Retry(ctx, func() error {
		return v.once(ctx, cloud.Call{Method: method, Scope: in.quota(), Mutates: true}, about, func(ctx context.Context) (err error) {
			got, err = f(ctx)
			return err
		})
	})
	return got, err
}

// once makes one request through the hook, bounded in time, its error
// classed before the hook sees it.
func (v *vpc) once(ctx context.Context, call cloud.Call, about subject, f func(context.Context) error) error {
	err := v.Hook(ctx, call, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, v.CallTimeout)
		defer cancel()
		return classify(call, about, f(ctx))
	})
	return classify(cloud.Call{Method: call.Method, Scope: call.Scope}, about, err)
}

// of is the list of what is in a project.
func of[T any](project string, list func(ctx context.Context, project, token string) (page[T], error)) func(context.Context, string) (page[T], error) {
	return func(ctx context.Context, token string) (page[T], error) { return list(ctx, project, token) }
}

// pages reads a list to its end and hands each item to take. One that lacks
// anything is an error.
func pages[T any](ctx context.Context, v *vpc, method string, in scope, about subject,
	list func(ctx context.Context, token string) (page[T], error), take func(T) error) error {
	return pagesBut(ctx, v, method, in, about, list, take, func(hole) bool { return false })
}

// pagesBut is pages, but for holes that the caller can do without.
func pagesBut[T any](ctx context.Context, v *vpc, method string, in scope, about subject,
	list func(ctx context.Context, token string) (page[T], error), take func(T) error, spare func(hole) bool) error {
	for token := ""; ; {
		p, err := read(ctx, v, method, in, about, func(ctx context.Context) (page[T], error) { return list(ctx, token) })
		if err != nil {
			return err
		}
		for _, h := range p.holes {
			if !spare(h) {
				return &cloud.Error{Reason: cloud.Unavailable, Act: about.act, Resource: about.resource, Err: errMissing(h.String()),
					Remedy: "nothing is allocated or removed before the whole list has been read; it is tried again"}
			}
		}
		for _, item := range p.items {
			if err := take(item); err != nil {
				return err
			}
		}
		if p.next == "" {
			return nil
		}
		token = p.next
	}
}

type errMissing string

func (e errMissing) Error() string { return "the list lacks " + string(e) }
