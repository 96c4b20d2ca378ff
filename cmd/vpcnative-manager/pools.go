package main

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/controllers/node"
	"github.com/vpcnative/vpcnative/controllers/ranges"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// pools passes the node controller's state to the ranges controller: the two do
// not import each other.
type pools struct{ nodes *node.Controller }

func (p pools) Waiting() []carve.Waiter {
	waiting := p.nodes.Waiting()
	out := make([]carve.Waiter, 0, len(waiting))
	for _, w := range waiting {
		x := carve.Waiter{Node: w.Node}
		for _, want := range w.Wants {
			x.Wants = append(x.Wants, carve.Want{Request: want.Key.Request, Subnet: want.Key.Subnet, Bits: want.Bits})
		}
		out = append(out, x)
	}
	return out
}

func (p pools) Look(at netip.Prefix) ranges.Pool {
	o := p.nodes.Look(at)
	return ranges.Pool{Known: o.Known, Given: o.Given, Held: o.Held, ByNode: o.ByNode, Quarantined: o.Rests}
}
