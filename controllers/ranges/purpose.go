package ranges

import (
	"context"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// purpose is what a range is for: how its use is counted, what makes it
// usable, and what must be true before it goes.
type purpose interface {
	// use counts what is in use of the request's ranges; all are all
	// requests.
	use(ctx context.Context, r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest) (carve.Use, *conditions.Refusal)
	// ensure makes usable a range that is in the VPC. It does nothing where
	// nothing is to be done.
	ensure(ctx context.Context, r *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) *conditions.Refusal
	// release refuses while something uses the ranges of a request that is
	// being deleted. After it they may leave the VPC.
	release(ctx context.Context, r *v1alpha1.RangeRequest, u carve.Use, vpc cloud.VPC) *conditions.Refusal
	// vacate is release for one range that is marked as leaving. Stay reports
	// that something came to use it, so that it cannot be reclaimed.
	vacate(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange, vpc cloud.VPC) (no *conditions.Refusal, stay bool)
	// demand is who waits for room, and which ranges are granted and not
	// used yet, by prefix.
	demand(r *v1alpha1.RangeRequest) carve.Demand
}

// purposeOf returns what the request is for.
func (c *Controller) purposeOf(r *v1alpha1.RangeRequest) (purpose, *conditions.Refusal) {
	switch r.Spec.Purpose {
	case v1alpha1.Pods:
		return pods{c: c}, nil
	case v1alpha1.Custom:
		return custom{}, nil
	case v1alpha1.Proxy:
		return proxy{c: c}, nil
	case v1alpha1.Services:
		if c.Services != nil {
			return services{c: c}, nil
		}
	}
	return nil, conditions.Refuse(v1alpha1.ReasonUnsupported, "purpose %s is not supported by this version", r.Spec.Purpose)
}
