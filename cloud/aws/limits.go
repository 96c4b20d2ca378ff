package aws

import (
	"context"
	"fmt"

	"github.com/vpcnative/vpcnative/cloud"
)

// explain says by which limit of the instance type a run was refused. Where
// that cannot be found out, the refusal stands as it is.
func (e *edit) explain(ctx context.Context, err error) error {
	_, i, failed := interfaces{e.vpc}.get(ctx, e.ref)
	if failed != nil {
		return err
	}
	kind := i.Machine
	s, failed := e.slotsOf(ctx, kind)
	if failed != nil {
		return err
	}
	if !s.nitro {
		return e.refuse(cloud.LimitExceeded, fmt.Errorf("instance type %s is not of the Nitro system, and so takes no prefixes: %w", kind, err),
			"use an instance type of the Nitro system")
	}
	if !cloud.Is(err, cloud.LimitExceeded) || !e.want.Addr().Is4() {
		return err
	}
	used := i.Slots
	need := len(e.todo(i))
	free := max(int(s.addresses)-used, 0)
	remedy := largerType(i, s)
	if len(i.Singles) > 0 && need <= free+len(i.Singles) {
		remedy = unassign(i)
	}
	if free > 0 {
		// The largest aligned run that fits.
		remedy = fmt.Sprintf("let the node's range be no larger than a /%d, or %s", largestRun(free), remedy)
	}
	return e.refuse(cloud.LimitExceeded, fmt.Errorf(
		"an interface of instance type %s has %d slots for addresses and /28 prefixes, %d of them are taken, and %d more are needed: %w",
		kind, s.addresses, used, need, err), remedy)
}

func (v *vpc) slotsOf(ctx context.Context, kind string) (slots, error) {
	if known, ok := v.kinds.Load(kind); ok {
		return known.(slots), nil
	}
	s, err := read(ctx, v, actionTypes, subject{"read instance type", kind}, func(ctx context.Context) (slots, error) { return v.api.instanceType(ctx, kind) })
	if err == nil {
		v.kinds.Store(kind, s)
	}
	return s, err
}
