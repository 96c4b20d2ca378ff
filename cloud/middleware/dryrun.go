package middleware

import (
	"context"
	"errors"

	"github.com/vpcnative/vpcnative/cloud"
)

// ErrDryRun is what every changing call gets in a dry run.
var ErrDryRun = errors.New("not made: this is a dry run")

// DryRun refuses every call that would change anything. Reads pass.
func DryRun() cloud.Hook {
	return func(ctx context.Context, call cloud.Call, next func(context.Context) error) error {
		if !call.Mutates {
			return next(ctx)
		}
		return &cloud.Error{
			Reason: cloud.Invalid, Act: call.Method, Resource: call.Scope,
			Err: ErrDryRun, Remedy: "run without --dry-run to make the change",
		}
	}
}
