package gcp

import (
	"context"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// lbAPI is the part of the api that is load balancing, the same for every kind
// of resource.
type lbAPI interface {
	// lbList lists those of a kind in a scope; pools in all zones of a project.
	lbList(ctx context.Context, in lbRef, filter, token string) (page[lbObject], error)
	lbGet(ctx context.Context, ref lbRef) (lbObject, error)
	lbInsert(ctx context.Context, ref lbRef, o lbObject, requestID string) (operation, error)
	// lbPatch sends the fields that o has, and its version where the kind has
	// one.
	lbPatch(ctx context.Context, ref lbRef, o lbObject, requestID string) (operation, error)
	lbDelete(ctx context.Context, ref lbRef, requestID string) (operation, error)

	// lbHealthy reports whether a member of a backend service's group is healthy.
	lbHealthy(ctx context.Context, ref lbRef, groupURL string) (bool, error)
	members(ctx context.Context, ref lbRef, token string) (page[string], error)
	changeMembers(ctx context.Context, ref lbRef, add bool, members []string, requestID string) (operation, error)
}

// lbObject is a resource in the API's own fields: as lb.Fields has them, with
// URLs cut down to paths.
type lbObject struct {
	scope, name, description, version string
	// network is where a firewall rule applies.
	network string
	fields  lb.Fields
}
