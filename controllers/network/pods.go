package network

import (
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// kindPodCIDR is the kind of a block that a Node publishes outside of every
// granted range, such as an overlay gave it.
const kindPodCIDR cloud.Kind = "PodCIDR"

// withNodes adds to what is occupied what Nodes publish elsewhere.
func withNodes(s cloud.Snapshot, around Around) cloud.Snapshot {
	out := slices.Clone(s.Occupied)
	for _, x := range assign.PublishedElsewhere(around.Nodes, around.Requests) {
		at := cloud.Occupied{Prefix: x.Prefix, Kind: kindPodCIDR, Name: x.Node}
		if !slices.Contains(out, at) { // a status may have told it
			out = append(out, at)
		}
	}
	s.Occupied = out
	return s
}
