package e2e

import (
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// clouds are those that every story runs on that is not about one of them.
// The stories about one are in testdata under its name.
var clouds = []struct {
	name  string
	serve func() (_ Cloud, stop func(), err error)
}{
	{"gcp", func() (Cloud, func(), error) { return NewGCE(gcesim.Config{}) }},
	{"aws", func() (Cloud, func(), error) { return NewEC2(awssim.Config{}) }},
}

// Cloud is what a story does to the cloud by hand, and what it sees there, in
// words that hold on any cloud. What only one cloud has, its commands do to
// that cloud's simulator.
type Cloud interface {
	// Flags have a manager speak to it.
	Flags() []string
	// Words are what scripts and their files call things by that have other
	// names or sizes on other clouds.
	Words() map[string]string

	// Add makes a machine; the options are those of the command vm.
	Add(machine string, options map[string]string) error
	Delete(machine string) error
	// ID is what the cloud calls a machine, also where there is no such machine
	// yet, and ProviderID what its Node has.
	ID(machine string) string
	ProviderID(machine string) string
	// Carry has a machine carry these prefixes and no others.
	Carry(machine string, prefixes ...netip.Prefix) error
	// Subnet is what the API calls a story's subnet.
	Subnet(name string) string
	// SetRanges gives a subnet these ranges and no others, but ours where they
	// are kept.
	SetRanges(subnet string, keepOurs bool, ranges ...invariants.Range) error
	Route(name string, to netip.Prefix) error
	// Beyond has the other side of a connection have the prefixes, which no list
	// of routes shows.
	Beyond(prefixes ...netip.Prefix) error

	// Inject has calls fail until Heal.
	Inject(f Fault) error
	Heal()
	// Delay is how long changes take that calls of the method begin.
	Delay(method string, d time.Duration)

	Machines() []invariants.Machine
	Subnets() []invariants.Subnet
	Rules() []invariants.Rule
	// Parts are what load balancers are made of.
	Parts() []invariants.Part
	// Changes counts the calls that asked for a change; Calls counts all by
	// method.
	Changes() int
	Calls() map[string]int
	// Journal is the log of calls.
	Journal() []invariants.Call
	// Met tells how often a call of the method was answered with a reason.
	Met(method, reason string) int
}

// Fault makes calls go wrong. Method and Error are words that each cloud has
// its own for, or the cloud's own.
type Fault struct {
	Method, Resource string
	Count, Skip      int
	Error, Message   string
	Operation        string // how the operation ends that the call began
	Lost             bool   // the reply, after the call has had its effect
	Slow             time.Duration
	Stale            time.Duration // how old a read's answer is
}

// carried are the prefixes of a machine; ok is false where there is none.
func (w *World) carried(machine string) (out []string, ok bool) {
	for _, m := range w.Cloud.Machines() {
		if m.Name != machine {
			continue
		}
		for _, p := range m.Carried {
			out = append(out, p.Prefix.String())
		}
		return out, true
	}
	return nil, false
}
