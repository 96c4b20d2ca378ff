package cloud

import "context"

// Call is one call of the cloud's API, about to be made.
type Call struct {
	// Method is the API's own name of it: "instances.updateNetworkInterface".
	Method string
	// Scope is the part of the cloud whose quota it uses (project and
	// region or zone); it is empty for a global call.
	Scope string
	// Mutates reports whether the call changes anything.
	Mutates bool
}

// Hook stands around each call an adapter makes. It calls next once, or not
// at all and returns an error. Adapters run every SDK call through one.
type Hook func(ctx context.Context, call Call, next func(context.Context) error) error

// Chain runs hooks from the first, outermost, to the last.
func Chain(hooks ...Hook) Hook {
	return func(ctx context.Context, call Call, next func(context.Context) error) error {
		for i := len(hooks) - 1; i >= 0; i-- {
			hook, inner := hooks[i], next
			next = func(ctx context.Context) error { return hook(ctx, call, inner) }
		}
		return next(ctx)
	}
}
