package ranges

import (
	"context"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// shape is what a purpose means to a plan.
type shape struct {
	// length is that of the range where the request gives no size; 0 where it
	// has to give one.
	length int
	// everySubnet gives each subnet of the Network a range; otherwise the
	// first gets one, unless the request names others.
	everySubnet bool
	// oneSubnet allows the request to name only one.
	oneSubnet bool
}

// shapes has every purpose. The range of Proxy is a subnet of its own, those
// of the others are ranges of subnets of nodes.
var shapes = map[v1alpha1.Purpose]shape{
	v1alpha1.Pods:     {everySubnet: true},
	v1alpha1.Services: {length: 20, oneSubnet: true}, // 4,096 addresses, as GKE has it
	v1alpha1.Custom:   {},
	v1alpha1.Proxy:    {length: 23}, // 512 addresses, what Google advises to start with
}

// purpose is what a range is for: how its use is counted, what makes it
// usable, and what must be true before it goes.
type purpose interface {
	// use counts what is in use of the request's ranges; all are all
	// requests.
	use(ctx context.Context, r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest) (Use, *Refusal)
	// ensure makes usable a range that is in the VPC. It does nothing where
	// nothing is to be done.
	ensure(ctx context.Context, r *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) *Refusal
	// release refuses while something uses the ranges of a request that is
	// being deleted. After it they may leave the VPC.
	release(ctx context.Context, r *v1alpha1.RangeRequest, u Use, vpc cloud.VPC) *Refusal
	// vacate is release for one range that is marked as leaving. Stay tells
	// that something came to use it, so that it cannot be given back.
	vacate(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange, vpc cloud.VPC) (no *Refusal, stay bool)
	// demand is who waits for room, and which ranges are granted and not
	// used yet, by prefix.
	demand(r *v1alpha1.RangeRequest) demand
}

// purposeOf gives what the request is for.
func (c *Controller) purposeOf(r *v1alpha1.RangeRequest) (purpose, *Refusal) {
	switch r.Spec.Purpose {
	case v1alpha1.Pods:
		return pods{c}, nil
	case v1alpha1.Custom:
		return custom{}, nil
	case v1alpha1.Proxy:
		return proxy{c: c}, nil
	case v1alpha1.Services:
		if c.Services != nil {
			return services{c}, nil
		}
	}
	return nil, refuse(v1alpha1.ReasonUnsupported, "purpose %s is not provided by this version", r.Spec.Purpose)
}
