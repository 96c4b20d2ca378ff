package ranges

import (
	"context"
	"net/netip"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Services is the cluster's side of purpose Services: the ServiceCIDR objects
// that have the API server allocate ClusterIPs out of a range, and the
// addresses in use. Package servicecidr is meant to be it; where Config has
// none, purpose Services is refused and no ServiceCIDR is kept clear of.
//
// The controller's one worker calls it, never two calls at a time. Errors are
// a *Refusal where a person can do something about it, which becomes the
// condition, the Event and the metric as it stands; any other is taken for
// passing trouble of the API server and tried again.
type Services interface {
	// Occupied returns every ServiceCIDR of the cluster, whoever made it, those
	// that are being deleted among them. It is called before each carving,
	// whatever the purpose; a *Refusal NoServiceCIDR reports that the API server
	// has none.
	Occupied(ctx context.Context) ([]carve.ServiceBlock, error)

	// Use counts the addresses in r.Status.Ranges. It is called before
	// anything is carved for r: a *Refusal NoServiceCIDR reports that the API
	// server has none. A request that is being deleted needs none.
	Use(ctx context.Context, r *v1alpha1.RangeRequest) (ServiceUse, error)

	// Ensure has the API server allocate out of g, which is in the VPC, and
	// sets g.ServiceCIDR. It is called for each range at each grant and each
	// verification, so it does nothing where nothing is to be done. A
	// *Refusal ServiceCIDRNotReady reports that it is not there yet.
	Ensure(ctx context.Context, r *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) error

	// Remove takes away what Ensure made for g, which is reclaimed, and
	// reports whether it is gone; the range leaves the VPC only then. It is
	// called again until it is. What was adopted stays, which counts as gone.
	// A *Refusal InUse names the Services that hold addresses; Ensure may
	// then be called again.
	Remove(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange) (gone bool, err error)

	// Release does so for all that Ensure ever made for r, which is being
	// deleted, also where its status was lost.
	Release(ctx context.Context, r *v1alpha1.RangeRequest) (gone bool, err error)

	// Sweep brings the removal on of what Ensure made for requests that are
	// gone, and for ranges that their request does not have; requests are all
	// that there are. What was found so only now stays for a while. It is
	// called from time to time.
	Sweep(ctx context.Context, requests []v1alpha1.RangeRequest) error
}

// ServiceUse is how much of a Services request's ranges is in use.
type ServiceUse struct {
	// Allocated counts the ClusterIPs of each range, by its prefix, and
	// Usable the addresses that the API server allocates at all.
	Allocated, Usable map[netip.Prefix]prefix.Count
	// Unserved is true if the API server does not allocate from one of the
	// ranges, though Ensure had it do so.
	Unserved bool
}
