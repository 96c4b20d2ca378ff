package node

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// releaseAgain makes releases of those that rest by mistake, as far as that
// can be recorded.
func (c *Controller) releaseAgain(ctx context.Context, r *reading, began time.Time) {
	for _, h := range c.releases.Mistaken(r.world.Attached, began) {
		if err := c.ledger.Release(ctx, entryOf(h)); err != nil {
			c.noClaim(err)
			c.releases.EndInRest(h) // the next reading tries again
			continue
		}
		log.FromContext(ctx).Info("a prefix that was to rest is still on its instance; it is taken off", "prefix", h.Prefix, "instance", h.Instance)
		r.world.Promised = append(r.world.Promised, allocator.Observed{Holder: h.Holder, Prefix: h.Prefix, InstanceUID: h.InstanceUID, Before: h.Before})
	}
}
