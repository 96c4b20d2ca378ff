package ranges

import (
	"context"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// services is purpose Services: the cluster's side does what Kubernetes has
// to say to it.
type services struct {
	custom
	c *Controller
}

func (s services) use(ctx context.Context, r *v1alpha1.RangeRequest, _ []v1alpha1.RangeRequest) (carve.Use, *conditions.Refusal) {
	u := carve.UseOf(r)
	got, err := s.c.Services.Use(ctx, r)
	if err != nil {
		return u, fromCluster("counting the ClusterIPs of RangeRequest "+r.Name, err)
	}
	u.RangeMissing, u.Usable, u.Capacity = got.Unserved, got.Usable, prefix.Count{}
	for _, p := range v1alpha1.Prefixes(r.Status.Granted()) {
		u.By[p] = got.Allocated[p]
		u.Allocated = u.Allocated.Add(got.Allocated[p])
		u.Capacity = u.Capacity.Add(u.UsableOf(p))
	}
	return u, nil
}

func (s services) ensure(ctx context.Context, r *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) *conditions.Refusal {
	if g.Leaving {
		return nil
	}
	if err := s.c.Services.Ensure(ctx, r, g); err != nil {
		return fromCluster("setting up ClusterIP allocation from "+g.CIDR, err)
	}
	return nil
}

func (s services) release(ctx context.Context, r *v1alpha1.RangeRequest, _ carve.Use, _ cloud.VPC) *conditions.Refusal {
	gone, err := s.c.Services.Release(ctx, r)
	return notGone("deleting the ServiceCIDRs", gone, err)
}

// vacate lets a range stay that a Service came to use.
func (s services) vacate(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange, _ cloud.VPC) (*conditions.Refusal, bool) {
	gone, err := s.c.Services.Remove(ctx, r, g)
	no := notGone("deleting the ServiceCIDR of "+g.CIDR, gone, err)
	return no, no != nil && no.Reason == v1alpha1.ReasonInUse
}

func notGone(act string, gone bool, err error) *conditions.Refusal {
	switch {
	case err != nil:
		return fromCluster(act, err)
	case !gone:
		return wait(carrierPause, "%s: waiting for the API server to notice the deletion; the ranges stay until they are gone", act)
	}
	return nil
}
