package members

import (
	"context"
	"path"
)

// Group is what members are held by: a target group, an endpoint group or an
// instance group.
type Group struct {
	// Kind and Name are as the cloud calls it, in a zone or another scope where
	// Scope is not empty.
	Kind, Scope, Name string
	// ID is the cloud's own name where that is another one, such as an ARN.
	ID string
}

func (g Group) String() string { return g.Kind + " " + path.Join(g.Scope, g.Name) }

// Limits are the cloud's.
type Limits struct {
	// Call is how many members one call takes.
	Call int
	// Group is how many members a group of the kind holds; 0 is no limit that
	// is known.
	Group func(Group) int
}

// Groups is what the members of groups are read and changed by. A member is
// the adapter's own text for it, such as "i-0123" or "vm-1 10.0.0.2".
type Groups interface {
	Limits() Limits

	// List returns all that a group holds, but for what is being taken out of it.
	//
	// Errors: NotFound where the group is gone; PermissionDenied,
	// Unauthenticated, Throttled, Unavailable.
	List(ctx context.Context, g Group) ([]string, error)

	// Attach puts members into a group, by one call; members that it holds
	// already do no harm. It returns when the cloud confirms it.
	//
	// Errors: those of List; [*Refused] where the cloud takes none of them for
	// some of them; [*Full]; OutcomeUnknown: list before anything else.
	Attach(ctx context.Context, g Group, members []string) error

	// Detach takes members out of a group, by one call; those that it does not
	// hold do no harm. Connections are drained as the group says.
	//
	// Errors: those of Attach.
	Detach(ctx context.Context, g Group, members []string) error
}

// Full says that there is no room for the members of a call, before others have
// left.
type Full struct{ Err error }

func (e *Full) Error() string { return e.Err.Error() }

func (e *Full) Unwrap() error { return e.Err }

// Refused says that a cloud took none of the members of a call since it does
// not take some of them.
type Refused struct {
	// Named are those, where the cloud names them.
	Named []string
	Err   error
}

func (e *Refused) Error() string { return e.Err.Error() }

func (e *Refused) Unwrap() error { return e.Err }
