package cloud

import (
	"context"
	"errors"
	"strings"
)

// Reason classes an error by what a caller can do about it. The texts are
// what conditions, events and metrics carry.
type Reason string

const (
	// NotFound: the object does not exist (yet).
	NotFound Reason = "NotFound"
	// Conflict: somebody else holds what was asked for, or uses what was to
	// be removed. Trying the same again does not help until they let go.
	Conflict Reason = "Conflict"
	// Stale: the object kept changing under us. Try again.
	Stale Reason = "Stale"
	// OutcomeUnknown: the change may or may not have been made. Read first.
	OutcomeUnknown Reason = "OutcomeUnknown"
	// QuotaExceeded: a quota that a person can have raised.
	QuotaExceeded Reason = "QuotaExceeded"
	// LimitExceeded: a limit that nobody can raise.
	LimitExceeded Reason = "LimitExceeded"
	// PermissionDenied: the credentials lack a permission.
	PermissionDenied Reason = "PermissionDenied"
	// Unauthenticated: no credentials, or refused ones.
	Unauthenticated Reason = "Unauthenticated"
	// Throttled: too many calls. Try later.
	Throttled Reason = "Throttled"
	// Unavailable: the cloud failed or was not reached before anything could
	// have changed. Try again.
	Unavailable Reason = "Unavailable"
	// Invalid: the cloud refuses the request as it stands.
	Invalid Reason = "Invalid"
	// WrongCloud: the object belongs to another cloud or project.
	WrongCloud Reason = "WrongCloud"
)

// Error is what every port returns: what was being done, on which object,
// what came back, and what a person can do.
type Error struct {
	Reason Reason
	// Act is what was being done: "attach alias range 10.4.3.0/24".
	Act string
	// Resource is the cloud object, by its full name.
	Resource string
	// Remedy is what to do about it; it may be empty.
	Remedy string
	// Err is what came back.
	Err error
	// Trace is by what the cloud's support finds the call. It is another each
	// time, and so no part of the text.
	Trace string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Act)
	if e.Resource != "" {
		b.WriteString(" on " + e.Resource)
	}
	b.WriteString(": ")
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	} else {
		b.WriteString(string(e.Reason))
	}
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason of err. An error that no port made is
// Unavailable; a context that ended is OutcomeUnknown, since a change may
// have been under way. It is empty for nil.
func ReasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return OutcomeUnknown
	}
	return Unavailable
}

// Is reports whether err has the reason.
func Is(err error, r Reason) bool { return err != nil && ReasonOf(err) == r }
