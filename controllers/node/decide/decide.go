// Package decide says what is to be done next for a Node. It is pure: the
// controller observes, asks, does what the step says, and reports. Where a step
// learns something, such as a look at the interface, it is decided anew by a view
// that has it.
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

// View is what is known of a Node, or of what an earlier Node of its name held.
type View struct {
	Now time.Time
	// Node is the Node as the cache shows it; nil: it is gone.
	Node *Node
	// Allocation is what the Node holds, or what an earlier one held; nil: it
	// holds nothing.
	Allocation *allocator.Allocation
	Operation  inflight.State
	// Interface is the instance's interface; nil: it has not been looked at.
	Interface *Interface
	// Unreadable reports that the Network of its range cannot be read.
	Unreadable bool

	// Of an allocation whose Node is gone.
	Release release.State
	// Held is for how long a detachment is held, as too many Nodes vanished
	// together; zero: it is not.
	Held      time.Duration
	Grace     time.Duration // how long a prefix stays on an instance that outlives its Node
	Staleness time.Duration // how old what a look shows may be

	// Of a Node without podCIDRs.
	Outdated   bool // the requests that were read are not those of now
	Unselected bool // no request selects it
	// Refused is why it can have nothing now, known without asking the cloud: a
	// rival, a request without a range, no room.
	Refused *conditions.Refusal
	Claimed bool // what it holds is in the ledger
	Better  bool // it is to draw from other requests than it was promised from
	Stopped bool // because another allocator has stopped that one

	// Of a Node that publishes podCIDRs.
	Fresh    bool // it did not hold what it publishes until now
	Recorded bool // it is on record as published
	Missed   bool // the last reading did not find its prefix on its instance
	Attaches bool // its request has observed Nodes attached
	Turn     bool // and it is the Node's turn
}

// Node is what is read of a Node.
type Node struct {
	UID       types.UID
	Instance  string
	PodCIDRs  []netip.Prefix
	Published netip.Prefix // the first of them in a range of ours; not valid: none is
	IPv6      netip.Prefix // the IPv6 prefix among them
	Ready     bool         // it says that its network is there
	Reported  bool         // it was reported to be, which the cache is yet to show
}

// Interface is what a look at the instance's interface showed.
type Interface struct {
	// Refused is why it could not be looked at.
	Refused *conditions.Refusal
	// Gone reports that there is no such instance.
	Gone bool
	// Replaced reports that it is another machine's than the prefix was put on;
	// Moved, that this one is in another subnet and can never carry it.
	Replaced, Moved bool
	// Carries reports that it carries all of the prefix, and what goes with it.
	Carries bool
	// IPv6Changed is why it does not carry the IPv6 prefix that its Node
	// publishes, which nobody can mend but by a new Node.
	IPv6Changed *conditions.Refusal
	// Seen is where the prefix of a Node that is gone is.
	Seen release.Presence
}

// Do is the sort of a step.
type Do string

// Steps of any Node.
const (
	// Done does nothing: all is as it should be.
	Done Do = "Done"
	// Wait does nothing until Again, or until something brings the Node back.
	Wait Do = "Wait"
	// Refuse reports why it cannot go on; it is tried again, later each time.
	Refuse Do = "Refuse"
	// Retry tries again, later each time, and reports nothing.
	Retry Do = "Retry"
	// Look reads the instance's interface, and it is decided anew.
	Look Do = "Look"
)

// Steps of a Node without podCIDRs.
const (
	// Ignore leaves alone a Node that is not ours to provide for.
	Ignore Do = "Ignore"
	// Pick chooses a prefix, and it is decided anew.
	Pick Do = "Pick"
	// Claim makes the promise durable, and it is decided anew.
	Claim Do = "Claim"
	// Attach puts the prefix on the interface.
	Attach Do = "Attach"
	// Publish shows the prefix in the Node's podCIDRs.
	Publish Do = "Publish"
	// Cede gives up what the Node was promised and can never have. Without a
	// refusal it is decided anew.
	Cede Do = "Cede"
)

// Steps of a Node that publishes podCIDRs.
const (
	// GiveWay takes back what was promised to a Node that publishes something
	// else.
	GiveWay Do = "GiveWay"
	// LeaveForeign keeps from being given out what the Node publishes, and
	// reports that another allocator chose it.
	LeaveForeign Do = "LeaveForeign"
	// Adopt makes the Node the holder of what it publishes, and it is decided
	// anew.
	Adopt Do = "Adopt"
	// Record notes that the Node publishes what it holds, and it is decided anew.
	Record Do = "Record"
	// EndObserving notes that the prefix is attached after all, and it is decided
	// anew.
	EndObserving Do = "EndObserving"
	// PutBack puts what the Node publishes on its interface.
	PutBack Do = "PutBack"
	// ReportReady says on the Node that its network is there.
	ReportReady Do = "ReportReady"
)

// Steps of an allocation whose Node is gone.
const (
	// Drop, also a step of a Node without podCIDRs, frees what neither the ledger
	// nor the cloud has heard of.
	Drop Do = "Drop"
	// Inherit hands the prefix to the Node that the same instance registered
	// anew.
	Inherit Do = "Inherit"
	// BeginRelease reads live that the Node is gone and makes the release
	// durable, and it is decided anew.
	BeginRelease Do = "BeginRelease"
	// ReleaseToForeign leaves the prefix occupied until a reading of all
	// interfaces shows whose it is.
	ReleaseToForeign Do = "ReleaseToForeign"
	// NoteMissed notes the first look that did not show the prefix, and it is
	// decided anew.
	NoteMissed Do = "NoteMissed"
	// Detach takes the prefix off the interface.
	Detach Do = "Detach"
	// Quarantine quarantines the prefix; QuarantineAround, that of it which was
	// ours.
	Quarantine       Do = "Quarantine"
	QuarantineAround Do = "QuarantineAround"
	// ReleaseToInstance leaves the prefix where it is, occupied, as somebody
	// else put it there.
	ReleaseToInstance Do = "ReleaseToInstance"
)

// Step is what is to be done next, and why.
type Step struct {
	Do      Do
	Why     string
	Again   time.Duration       // when to decide anew; zero: when something happens
	Refusal *conditions.Refusal // of Refuse, and of Cede where another prefix is tried
}

func (s Step) String() string {
	text := string(s.Do) + ": " + s.Why
	if s.Again > 0 {
		text += fmt.Sprintf(" (again in %s)", s.Again.Round(time.Millisecond))
	}
	return text
}

// Decide returns the next step.
func Decide(v View) Step {
	switch {
	case v.Node == nil, v.Allocation != nil && v.Allocation.NodeUID != v.Node.UID:
		return Release(v)
	case len(v.Node.PodCIDRs) > 0:
		return Keep(v)
	}
	return Provide(v)
}

func step(do Do, why string) Step { return Step{Do: do, Why: why} }

func wait(again time.Duration, why string) Step { return Step{Do: Wait, Why: why, Again: again} }

func refuse(no *conditions.Refusal) Step { return Step{Do: Refuse, Why: no.Text, Refusal: no} }
