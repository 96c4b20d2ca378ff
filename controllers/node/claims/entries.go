package claims

import (
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Entry is one prefix and the Node it is for, or was for.
type Entry struct {
	Prefix  netip.Prefix `json:"prefix"`
	NodeUID types.UID    `json:"nodeUID"`
	Node    string       `json:"node"`
	// Instance is the provider ID of the node's instance.
	Instance string `json:"instance"`
	// InstanceUID is the cloud's own identity of the instance that the prefix
	// was put on; it is empty where that is not known.
	InstanceUID string `json:"instanceUID,omitempty"`
	// Delegated is the IPv6 prefix of the instance's own that the Node is to
	// publish with it, if it is to publish one.
	Delegated netip.Prefix `json:"delegated,omitzero"`
	// Adopted tells that somebody else put it on the interface: it is never
	// taken off.
	Adopted bool `json:"adopted,omitempty"`
	// Before are the parts of it that were on the interface before we put the
	// rest there: they are never taken off. A ledger that tells of some is of
	// formatBefore.
	Before prefix.Parts `json:"before,omitzero"`
	// Request is the name of the RangeRequest it was drawn from.
	Request string `json:"request"`
	// Subnet and Range are where the prefix lies in the cloud.
	Subnet string `json:"subnet"`
	Range  string `json:"range"`
}

// Ours are the parts of the prefix that nobody had put there before us.
func (e Entry) Ours() []netip.Prefix {
	return prefix.Subtract([]netip.Prefix{e.Prefix}, e.Before.List())
}

// Rest is a prefix that nobody may have before its time.
type Rest struct {
	Prefix netip.Prefix
	Until  time.Time
}

// Records is what the ledger says.
type Records struct {
	// Claims are prefixes promised to Nodes that do not publish them yet.
	Claims []Entry
	// Releases are prefixes of Nodes that are gone, which the cloud may
	// still show on an interface.
	Releases []Entry
	// Held are prefixes that Nodes were last known to publish.
	Held []Entry
	// Resting are prefixes in quarantine.
	Resting []Rest
}
