package ranges

import (
	"context"
	"net/netip"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// custom is purpose Custom: a range for people's own use, of which only the
// cloud knows whether anything uses it.
type custom struct{}

func (custom) use(_ context.Context, r *v1alpha1.RangeRequest, _ []v1alpha1.RangeRequest) (Use, *Refusal) {
	return useOf(r), nil
}

func (custom) ensure(context.Context, *v1alpha1.RangeRequest, *v1alpha1.GrantedRange) *Refusal {
	return nil
}

// release leaves it to the cloud, which refuses to remove a range in use.
func (custom) release(context.Context, *v1alpha1.RangeRequest, Use, cloud.VPC) *Refusal { return nil }

func (custom) vacate(context.Context, *v1alpha1.RangeRequest, v1alpha1.GrantedRange, cloud.VPC) (*Refusal, bool) {
	return nil, false
}

func (custom) demand(*v1alpha1.RangeRequest) demand { return demand{} }

// useOf is the use of ranges of which nothing is in use.
func useOf(r *v1alpha1.RangeRequest) Use {
	ranges := v1alpha1.Prefixes(r.Status.Granted())
	u := Use{Capacity: prefix.Total(ranges), By: make(map[netip.Prefix]prefix.Count, len(ranges))}
	for _, p := range ranges {
		u.By[p] = prefix.Count{}
	}
	return u
}
