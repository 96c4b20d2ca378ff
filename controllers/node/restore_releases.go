package node

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// A range can go while the ledger still names a prefix of it that is being
// released: the last leader ended before it had noted the rest. Nobody looks
// for what lies in no range, so such a promise would stand for good.

// rangeless are the promises to Nodes that are gone, out of ranges that are
// gone, and since when each is known to be one.
type rangeless map[types.UID]time.Time

// rangeless returns the entries whose range and Node are gone and whose prefix no
// interface carries; none where not everything could be read. Routes are read
// only where a request has some, so that those of a range of routes are none.
func (r *reading) rangeless(unplaced claims.Records) (out []allocator.Allocation) {
	if len(r.catalog.failures) > 0 {
		return nil
	}
	for _, e := range slices.Concat(unplaced.Claims, unplaced.Releases, unplaced.Held) {
		overlaps := func(p netip.Prefix) bool { return p.Overlaps(e.Prefix) }
		if e.Subnet != "" && !r.alive[e.NodeUID] && !slices.ContainsFunc(r.outside, overlaps) {
			out = append(out, e)
		}
	}
	return out
}

// endRangeless lets those rest that were rangeless for as long as a change that
// an earlier leader asked for may take to come.
func (c *Controller) endRangeless(ctx context.Context, r *reading) {
	now, found := c.Now(), map[types.UID]bool{}
	for _, e := range r.rangeless(c.unplaced) {
		found[e.NodeUID] = true
		if _, seen := c.rangeless[e.NodeUID]; !seen {
			c.rangeless[e.NodeUID] = now
		}
		if now.Sub(c.rangeless[e.NodeUID]) < c.Doubt {
			continue
		}
		log.FromContext(ctx).Info("the node and the range of its prefix are gone, and no interface carries the prefix; it is quarantined",
			"node", e.Node, "prefix", e.Prefix, "request", e.Request)
		c.ledger.End(e.NodeUID, e.Prefix)
		c.ledger.Rest(e.NodeUID, e.Prefix, now.Add(c.Quarantine), now)
		is := func(x allocator.Allocation) bool { return x.NodeUID == e.NodeUID && x.Prefix == e.Prefix }
		c.unplaced.Claims = slices.DeleteFunc(c.unplaced.Claims, is)
		c.unplaced.Releases = slices.DeleteFunc(c.unplaced.Releases, is)
		c.unplaced.Held = slices.DeleteFunc(c.unplaced.Held, is)
	}
	maps.DeleteFunc(c.rangeless, func(uid types.UID, _ time.Time) bool { return !found[uid] })
}

// releaseAgain makes releases of those that rest by mistake, as far as that
// can be recorded.
func (c *Controller) releaseAgain(ctx context.Context, r *reading, began time.Time) {
	for _, h := range c.releases.Mistaken(r.world.Attached, began) {
		if err := c.ledger.Release(ctx, h); err != nil {
			c.noClaim(err)
			c.releases.EndInRest(h) // the next reading tries again
			continue
		}
		log.FromContext(ctx).Info("a quarantined prefix is still on its instance; it is detached", "prefix", h.Prefix, "instance", h.Instance)
		r.world.Promised = append(r.world.Promised, h.Recorded())
	}
}
