package ranges

import (
	"context"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// proxy is purpose Proxy: the subnet in which a region's managed load
// balancers keep their proxies. As with custom, only the cloud knows whether
// anything uses it, and refuses to remove it while something does.
type proxy struct {
	custom
	c *Controller
}

// release waits for the requests, of any Network, that use the same subnet: a
// region has one, which goes with the last that wants it.
func (p proxy) release(ctx context.Context, r *v1alpha1.RangeRequest, _ carve.Use, _ cloud.VPC) *conditions.Refusal {
	if r.Spec.DeletionPolicy == v1alpha1.Retain {
		return nil
	}
	var all v1alpha1.RangeRequestList
	if err := p.c.Live.List(ctx, &all); err != nil {
		return conditions.FromAPI("listing RangeRequests", err)
	}
	for _, mine := range r.Status.Ranges {
		if by := adopters(r, mine, all.Items); len(by) > 0 && !mine.Adopted {
			return conditions.Refuse(v1alpha1.ReasonInUse, "deletion waits: proxy-only subnet %s (%s) is also used by RangeRequest %s; delete that first, or set deletionPolicy: Retain here",
				mine.Name, mine.CIDR, strings.Join(by, ", "))
		}
	}
	return nil
}

// adopters are the other requests that have the range, and that stay.
func adopters(r *v1alpha1.RangeRequest, mine v1alpha1.GrantedRange, all []v1alpha1.RangeRequest) (out []string) {
	for i := range all {
		other := &all[i]
		if other.Name != r.Name && other.DeletionTimestamp.IsZero() && slices.ContainsFunc(other.Status.Ranges, func(g v1alpha1.GrantedRange) bool {
			return g.Adopted && g.Name == mine.Name && g.CIDR == mine.CIDR
		}) {
			out = append(out, other.Name)
		}
	}
	return out
}

// words names a range as people know it.
func words(r *v1alpha1.RangeRequest, at cloud.Range, t cloud.Traits) string {
	if r.Spec.Purpose == v1alpha1.Proxy {
		return "proxy-only subnet " + at.Name + " (" + at.Prefix.String() + ")"
	}
	if at.Subnet == "" {
		return "range " + at.Prefix.String()
	}
	return t.RangeNoun() + " " + at.Name + " (" + at.Prefix.String() + ") of subnet " + at.Subnet
}
