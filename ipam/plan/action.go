package plan

import (
	"fmt"
	"net/netip"
	"strings"
)

// Verb is what an action does.
type Verb string

// The verbs.
const (
	Carve  Verb = "Carve"  // make this range
	Keep   Verb = "Keep"   // it is granted already
	Refuse Verb = "Refuse" // this cannot be had
)

// Reason reports why, for programs; a refusal's reason is fit for a condition.
type Reason string

// The reasons.
const (
	Asked    Reason = "Asked"    // Carve: the request names exactly this range
	Chosen   Reason = "Chosen"   // Carve: the lowest place in the smallest free block that fits
	Granted  Reason = "Granted"  // Keep: it answers the request
	Unwanted Reason = "Unwanted" // Keep: it was granted, and the request does not ask for it any more

	Malformed           Reason = "Malformed"           // no prefix
	HostBits            Reason = "HostBits"            // bits set beyond the length
	WrongFamily         Reason = "WrongFamily"         // IPv6 where IPv4 is asked for, or the other way round
	OutsideSupernets    Reason = "OutsideSupernets"    // not in the space that may be carved
	Overlap             Reason = "Overlap"             // shares addresses with what is there
	NoSpace             Reason = "NoSpace"             // no free block is large enough
	NodeLargerThanRange Reason = "NodeLargerThanRange" // not even one node's range fits in it
	InvalidSize         Reason = "InvalidSize"         // no size, several, or one that does not exist
)

// Action is one step of a plan.
type Action struct {
	Verb   Verb
	Prefix netip.Prefix // what to carve or keep; what was asked for, where a refusal is about one prefix
	Reason Reason
	Why    string       // in words
	With   netip.Prefix // what an Overlap is with
}

func (a Action) String() string {
	if !a.Prefix.IsValid() {
		return fmt.Sprintf("%s: %s: %s", a.Verb, a.Reason, a.Why)
	}
	return fmt.Sprintf("%s %s: %s: %s", a.Verb, a.Prefix, a.Reason, a.Why)
}

// Plan is what to do, in order.
type Plan []Action

// String has one line an action.
func (p Plan) String() string {
	var b strings.Builder
	for _, a := range p {
		fmt.Fprintln(&b, a)
	}
	return b.String()
}
