package claims

import "github.com/vpcnative/vpcnative/controllers/node/allocator"

// Records is what the ledger says.
type Records struct {
	// Claims are prefixes promised to Nodes that do not publish them yet.
	Claims []allocator.Allocation
	// Releases are prefixes of Nodes that are gone, which the cloud may
	// still show on an interface.
	Releases []allocator.Allocation
	// Held are prefixes that Nodes were last known to publish.
	Held []allocator.Allocation
	// Resting are prefixes in quarantine.
	Resting []allocator.Resting
}
