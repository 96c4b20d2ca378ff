// Package decide says what is to be done next for a Node. It is pure: the
// controller observes, asks Decide, does what the step says, and reports.
package decide

import (
	"fmt"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/inflight"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// View is what is known when it is decided about a Node, or about what an
// earlier Node of its name held.
type View struct {
	Now time.Time
	// Node is the Node as the cache shows it; nil: it is gone.
	Node *Node
	// Allocation is what the Node holds, or what an earlier one held; nil: it
	// holds nothing.
	Allocation *allocator.Allocation
	Operation  inflight.State
	Release    release.State
	// Interface is the instance's interface; nil: it has not been looked at.
	Interface *Interface
	// Held is for how long a detachment is held, as too many Nodes vanished
	// together; zero: it is not.
	Held time.Duration

	Grace     time.Duration // how long a prefix stays on an instance that outlives its Node
	Staleness time.Duration // how old what a look shows may be
}

// Node is what is read of a Node.
type Node struct {
	UID      types.UID
	Instance string
	PodCIDRs []netip.Prefix
}

// Interface is what a look at the instance's interface showed.
type Interface struct {
	// Refused is why it could not be looked at.
	Refused *conditions.Refusal
	// Gone tells that there is no such instance.
	Gone bool
	// Seen is where the allocation's prefix is.
	Seen release.Presence
	// Carries tells that the machine that the prefix was put on carries all of
	// it.
	Carries bool
}

// Do is the sort of a step.
type Do string

const (
	// Wait does nothing until Again, or until something brings the Node back.
	Wait Do = "Wait"
	// Refuse reports why it cannot go on; it is tried again, later each time.
	Refuse Do = "Refuse"
	// Look reads the instance's interface, and it is decided anew.
	Look Do = "Look"

	// Drop gives back what neither the ledger nor the cloud has heard of.
	Drop Do = "Drop"
	// Inherit hands the prefix to the Node that the same instance registered
	// anew.
	Inherit Do = "Inherit"
	// BeginRelease reads live that the Node is gone and makes the release
	// durable, and it is decided anew.
	BeginRelease Do = "BeginRelease"
	// ReleaseToForeign leaves the prefix occupied until a reading of all
	// interfaces tells whose it is.
	ReleaseToForeign Do = "ReleaseToForeign"
	// NoteMissed notes the first look that did not show the prefix, and it is
	// decided anew.
	NoteMissed Do = "NoteMissed"
	// Detach takes the prefix off the interface.
	Detach Do = "Detach"
	// Rest lets the prefix rest; RestAround, that of it which was ours.
	Rest       Do = "Rest"
	RestAround Do = "RestAround"
	// ReleaseToInstance leaves the prefix where it is, occupied, as somebody
	// else put it there.
	ReleaseToInstance Do = "ReleaseToInstance"
)

// Step is what is to be done next, and why.
type Step struct {
	Do      Do
	Why     string
	Again   time.Duration       // when to decide anew; zero: when something happens
	Refusal *conditions.Refusal // of Refuse
}

func (s Step) String() string {
	text := string(s.Do) + ": " + s.Why
	if s.Again > 0 {
		text += fmt.Sprintf(" (again in %s)", s.Again.Round(time.Millisecond))
	}
	return text
}

func step(do Do, why string) Step { return Step{Do: do, Why: why} }

func wait(again time.Duration, why string) Step { return Step{Do: Wait, Why: why, Again: again} }

func refuse(no *conditions.Refusal) Step { return Step{Do: Refuse, Why: no.Text, Refusal: no} }
