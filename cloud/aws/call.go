package aws

import (
	"cmp"
	"context"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// subject says, for error texts, what a call is for and on what.
type subject struct{ act, resource string }

// read makes a call that changes nothing, again and again while the cloud
// throttles it or does not answer, up to Retries times.
func read[T any](ctx context.Context, v *vpc, action string, about subject, f func(context.Context) (T, error)) (T, error) {
	var got T
	err := v.Retry(ctx, func() error {
		return v.once(ctx, cloud.Call{Method: action, Scope: v.scope(action)}, about, func(ctx context.Context) (err error) {
			got, err = f(ctx)
			return err
		})
	})
	return got, err
}

// change makes a call that changes something. It is repeated when the cloud
// refused to take it up (throttled) or was not reached, never when it may
// have been taken up: that is for the caller to settle.
func (v *vpc) change(ctx context.Context, action string, about subject, f func(context.Context) error) error {
	return v.Retry(ctx, func() error {
		return v.once(ctx, cloud.Call{Method: action, Scope: v.scope(action), Mutates: true}, about, f)
	})
}

// scope is whose rate a call uses: EC2 has a bucket for each action, of one
// account and region, and ELB one for several. Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
func (v *vpc) scope(action string) string { return v.Region + "/" + cmp.Or(ofELB[action], action) }

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

// behind reports whether a read that begins now may not show what was there at
// that time.
func (v *vpc) behind(since time.Time) bool { return time.Since(since) < v.ReadLag }

// of is the list of what is in one thing: a VPC, a subnet, a prefix list.
func of[T any](id string, list func(ctx context.Context, id, token string) (page[T], error)) func(context.Context, string) (page[T], error) {
	return func(ctx context.Context, token string) (page[T], error) { return list(ctx, id, token) }
}

// pages reads a list to its end and hands each item to take.
func pages[T any](ctx context.Context, v *vpc, action string, about subject,
	list func(ctx context.Context, token string) (page[T], error), take func(T) error) error {
	for token := ""; ; {
		p, err := read(ctx, v, action, about, func(ctx context.Context) (page[T], error) { return list(ctx, token) })
		if err != nil {
			return err
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
