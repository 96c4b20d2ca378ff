package node

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// Waiting gives the Nodes for which there was no room, and where each wants
// it.
func (c *Controller) Waiting() []allocator.Waiter { return c.allocator.Waiters() }

// Look tells whether prefixes are given out of a granted range, and who holds
// one of it: a range may leave the VPC once none are and nobody does. Until all
// is read, somebody may (I8).
func (c *Controller) Look(at netip.Prefix) allocator.Outlook {
	select {
	case <-c.restored:
		return c.allocator.Look(at, c.Now())
	default:
		return allocator.Outlook{Held: "who holds what is still being read", ByNode: true}
	}
}
