package gcp

import (
	"context"

	"github.com/vpcnative/vpcnative/cloud"
)

// traits: a secondary range lies anywhere in the network, and an alias range
// in it may have any size; it is a /29 or more itself
// (https://cloud.google.com/vpc/docs/subnets#valid-ranges).
var traits = cloud.Traits{Range: "secondary range", SmallestRange: 29}

// Limit is none: an interface takes an alias range of any size, and the
// number of ranges is bounded by what Attach says.
func (interfaces) Limit(context.Context, cloud.Interface) (cloud.Limit, error) {
	return cloud.Limit{}, nil
}
