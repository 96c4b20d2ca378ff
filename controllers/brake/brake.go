// Package brake holds a mass removal. What the cloud shows with our cluster's
// marks and has no owner any more is swept; but where many owners vanish
// together, it is more likely that the cluster forgot them than that somebody
// deleted them: an old etcd was restored, or this is a clone with the same
// cluster ID, whose original still serves. Then nothing goes until a person
// says so.
//
// It remembers nothing. Who was there before is what the cloud shows, and that
// a removal is held is in the condition that says so; both survive restarts.
package brake

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// Few owners may always vanish together, and so may one in part of all.
	Few  = 5
	part = 10
	// named is how many of those that are gone a text names.
	named = 5
)

// Count is whose the things are that the cloud shows with our cluster's marks.
type Count struct {
	Kind   string   // of the owners, such as Service
	Living int      // owners that are there
	Gone   []string // names of owners that are not; each once
	// Remedy is how the owners come back, where nobody makes them by hand.
	Remedy string
}

// Decision says whether what the owners that are gone had may be removed.
type Decision struct {
	Held bool
	// Why says what is held and what to do; it is empty where nothing is.
	Why string
	// Spent reports that a confirmation has nothing left to confirm. It is to be
	// taken off, or it would confirm the next mass removal too.
	Spent bool
}

// Decide is pure. Held reports that the last decision held, as the condition has
// it: a removal that was held goes on being so while owners come back one by
// one, until none is missing. Confirmed is how many owners a person said may be
// gone (see [Confirmed]).
func Decide(c Count, held bool, confirmed int) Decision {
	gone := len(c.Gone)
	switch {
	case gone == 0:
		return Decision{Spent: confirmed > 0}
	case gone <= confirmed, !held && !many(gone, c.Living):
		return Decision{}
	}
	return Decision{Held: true, Why: c.why()}
}

func many(gone, living int) bool { return gone > Few && part*gone > gone+living }

func (c Count) why() string {
	names := slices.Sorted(slices.Values(c.Gone))
	text := strings.Join(names[:min(len(names), named)], ", ")
	if more := len(names) - named; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%d of %d %ss to which things in the cloud belong are gone (%s), which looks like an old etcd that was restored, or like a clone of the cluster with the same ID; "+
		"nothing of theirs is removed. %s, or, if they are to go, annotate the Network with %s=%d",
		len(c.Gone), len(c.Gone)+c.Living, c.Kind, text, cmp.Or(c.Remedy, "Make them again"), Annotation(c.Kind), len(c.Gone))
}

// Annotation is the key, on a Network, by which a person confirms that owners of
// a kind are gone. Its value is how many may be: so it covers what was looked
// at when it was set, and no more that vanish later.
func Annotation(kind string) string { return "confirm-removal.vpcnative.dev/" + kind }

// Confirmed returns how many owners of the kind may be gone by what the
// annotations of the Networks say; what is no number confirms nothing.
func Confirmed(kind string, annotations ...map[string]string) (most int) {
	for _, a := range annotations {
		if n, err := strconv.Atoi(a[Annotation(kind)]); err == nil {
			most = max(most, n)
		}
	}
	return most
}
