package ranges

import (
	"context"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// custom is purpose Custom: a range for people's own use, of which only the
// cloud knows whether anything uses it. The other purposes begin with what it does.
type custom struct{}

func (custom) use(_ context.Context, r *v1alpha1.RangeRequest, _ []v1alpha1.RangeRequest) (carve.Use, *conditions.Refusal) {
	return carve.UseOf(r), nil
}

func (custom) ensure(context.Context, *v1alpha1.RangeRequest, *v1alpha1.GrantedRange) *conditions.Refusal {
	return nil
}

// release leaves it to the cloud, which refuses to remove a range in use.
func (custom) release(context.Context, *v1alpha1.RangeRequest, carve.Use, cloud.VPC) *conditions.Refusal {
	return nil
}

func (custom) vacate(context.Context, *v1alpha1.RangeRequest, v1alpha1.GrantedRange, cloud.VPC) (*conditions.Refusal, bool) {
	return nil, false
}

func (custom) demand(*v1alpha1.RangeRequest) carve.Demand { return carve.Demand{} }
