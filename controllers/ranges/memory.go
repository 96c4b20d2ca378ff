package ranges

import (
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// memory is what is remembered of a request between reconciles.
type memory struct {
	uid types.UID
	// verified is when it was last compared with the VPC; zero is never.
	verified time.Time
	// doubt is until when a range of it may still come to be; zero is no doubt.
	doubt     time.Time
	pace      pace
	previewed string         // in a dry run
	barred    []netip.Prefix // what cannot be attached of its ranges
}

// of returns what is remembered of a request, by its name, so that nothing is left
// of one that goes however it went; one made anew under the name starts afresh.
func (c *Controller) of(r *v1alpha1.RangeRequest) *memory {
	m := c.remembered[r.Name]
	if m == nil || m.uid != r.UID {
		m = &memory{uid: r.UID}
		c.remembered[r.Name] = m
	}
	return m
}

// forget drops what is remembered of a request that is gone.
func (c *Controller) forget(name string) {
	delete(c.remembered, name)
	c.Metrics.forget(name)
}

// notice remembers what a reading of the VPC shows of what cannot be attached in
// the request's ranges.
func (c *Controller) notice(r *v1alpha1.RangeRequest, s cloud.Snapshot) {
	c.of(r).barred = carve.Unattachable(v1alpha1.Prefixes(r.Status.Granted()), s, carve.Published(c.Nodes()))
}
