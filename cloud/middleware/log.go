package middleware

import (
	"context"
	"errors"

	"github.com/go-logr/logr"

	"github.com/vpcnative/vpcnative/cloud"
)

// Log logs each call that failed, for who looks closely: with what the
// cloud's support asks for, which is in no other text.
func Log(to logr.Logger) cloud.Hook {
	return func(ctx context.Context, call cloud.Call, next func(context.Context) error) error {
		err := next(ctx)
		if err == nil {
			return nil
		}
		trace := ""
		if e, ok := errors.AsType[*cloud.Error](err); ok {
			trace = e.Trace
		}
		to.V(1).Info("a call of the cloud failed", "method", call.Method, "scope", call.Scope, "reason", cloud.ReasonOf(err), "trace", trace, "error", err.Error())
		return err
	}
}
