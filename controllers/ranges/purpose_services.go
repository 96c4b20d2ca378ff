package ranges

import (
	"context"
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// services is purpose Services: the cluster's side does what Kubernetes has
// to say to it.
type services struct{ c *Controller }

func (s services) use(ctx context.Context, r *v1alpha1.RangeRequest, _ []v1alpha1.RangeRequest) (Use, *Refusal) {
	u := useOf(r)
	got, err := s.c.Services.Use(ctx, r)
	if err != nil {
		return u, refusalOf("counting the ClusterIPs of RangeRequest "+r.Name, err)
	}
	u.Services = got.Users
	for _, p := range prefixes(r.Status.Ranges) {
		u.By[p] = got.Allocated[p]
		u.Allocated = u.Allocated.Add(got.Allocated[p])
	}
	return u, nil
}

func (s services) ensure(ctx context.Context, r *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) *Refusal {
	if g.Leaving {
		return nil
	}
	if err := s.c.Services.Ensure(ctx, r, g); err != nil {
		return refusalOf("having ClusterIPs allocated from "+g.CIDR, err)
	}
	return nil
}

// release begins with every range at once, so that no address comes out of
// one while another is waited for.
func (s services) release(ctx context.Context, r *v1alpha1.RangeRequest, u Use, _ cloud.VPC) *Refusal {
	if len(u.Services) > 0 {
		return refuse(v1alpha1.ReasonInUse, "deletion waits: %d Services hold addresses of the ranges (%s); delete them first", len(u.Services), some(u.Services))
	}
	var first *Refusal
	for _, g := range r.Status.Ranges {
		if no, _ := s.vacate(ctx, r, g, cloud.VPC{}); no != nil && first == nil {
			first = no
		}
	}
	return first
}

// vacate never lets the range stay: a ServiceCIDR that is being deleted
// cannot be kept, and gives out nothing any more.
func (s services) vacate(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange, _ cloud.VPC) (*Refusal, bool) {
	gone, err := s.c.Services.Remove(ctx, r, g)
	if err != nil {
		return refusalOf("taking the ServiceCIDR of "+g.CIDR+" away", err), false
	}
	if !gone {
		return &Refusal{Reason: v1alpha1.ReasonServiceCIDRNotReady, Again: carrierPause,
			Text: fmt.Sprintf("ServiceCIDR %s is being deleted; its range %s stays until it is gone", g.ServiceCIDR, g.CIDR)}, false
	}
	return nil, false
}

func (services) demand(*v1alpha1.RangeRequest) demand { return demand{} }
