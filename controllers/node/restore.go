package node

import (
	"context"
	"errors"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// restore reads all there is and rebuilds the allocator from it (I8). The order
// matters: the ledger was read before, so whoever published since is among
// the Nodes, which are listed live; the cloud is read last.
func (c *Controller) restore(ctx context.Context, promised claims.Records) error {
	promised = joined(promised, c.unplaced)
	began := c.Now()
	c.allocator.Begin()
	r, err := c.read(ctx, promised)
	if err != nil {
		return err
	}
	r.world.Began = began
	if c.ledger != nil {
		c.releaseAgain(ctx, r, began)
	}
	c.rivals.Load(r.catalog.requests)
	var found []string // Nodes that publish what neither the ledger nor the allocator knows
	for _, k := range r.unrecorded {
		if _, held := c.allocator.Held(k.NodeUID); !held {
			c.rivals.Suspect(k.Node, k.NodeUID)
			found = append(found, k.Node)
		}
	}
	rebuilt := c.allocator.Rebuild(r.catalog.definitions, r.world, c.Now())
	logger := log.FromContext(ctx)
	for _, x := range rebuilt.Collisions {
		logger.Info("a prefix that is in use does not fit what else is in use; it is left alone",
			"prefix", x.Allocation.Prefix, "node", x.Allocation.Node, "instance", x.Allocation.Instance, "why", x.Err.Error())
	}
	for _, x := range rebuilt.Refused {
		logger.Info("nothing is allocated from a range", "request", x.Key.Request, "subnet", x.Key.Subnet, "range", x.Range.Prefix, "why", x.Why)
	}
	c.unplaced = r.unplaced(promised, rebuilt)
	c.findings.replace(r.catalog, r.missing)
	c.operations.SetInterfaces(r.nics)
	c.status.ForgetNoRoom()
	c.operations.ForgetOld()
	for _, h := range c.allocator.OfNodes(allocator.IsObserved) {
		if r.carried[h.NodeUID] {
			c.allocator.Observe(h.NodeUID, false) // somebody attached it
			found = append(found, h.Node)
		}
	}
	if c.ledger != nil {
		c.comeBack(r, promised, rebuilt)
		c.endRangeless(ctx, r)
		c.compare(ctx, r, rebuilt)
		for _, name := range found {
			c.enqueue(name)
		}
	}
	logger.Info("restored", "nodes", len(r.alive), "publishing", len(r.world.Nodes),
		"promised", len(r.world.Promised), "attached", len(r.world.Attached), "pools", len(r.catalog.definitions))
	return nil
}

func joined(a, b claims.Records) claims.Records {
	return claims.Records{
		Claims:   slices.Concat(a.Claims, b.Claims),
		Releases: slices.Concat(a.Releases, b.Releases),
		Held:     slices.Concat(a.Held, b.Held),
		Resting:  slices.Concat(a.Resting, b.Resting),
	}
}

// unplaced returns what was promised out of ranges that are not open, as where
// their Network could not be read: it counts when they are.
func (r *reading) unplaced(promised claims.Records, rebuilt allocator.Rebuilt) (out claims.Records) {
	open := func(e allocator.Allocation) bool { return r.inRange(e.Prefix) }
	out.Claims = slices.DeleteFunc(slices.Clone(promised.Claims), open)
	out.Releases = slices.DeleteFunc(slices.Clone(promised.Releases), open)
	out.Held = slices.DeleteFunc(slices.Clone(promised.Held), open)
	out.Resting = slices.DeleteFunc(slices.Clone(promised.Resting), func(x allocator.Resting) bool { return r.inRange(x.Prefix) })
	for _, x := range rebuilt.Collisions { // and what the allocator held of ranges that have gone since
		k := x.Allocation
		if k.NodeUID == "" || k.Key.Request == "" || !errors.Is(x.Err, allocator.ErrNoRange) {
			continue
		}
		if k.Published {
			out.Held = append(out.Held, k.Recorded())
		} else {
			out.Claims = append(out.Claims, k.Recorded())
		}
	}
	return out
}

// comeBack brings those Nodes to the queue for which the reading brought
// news.
func (c *Controller) comeBack(r *reading, promised claims.Records, rebuilt allocator.Rebuilt) {
	now := c.Now()
	for _, e := range promised.Claims {
		c.operations.MayAttach(e.NodeUID) // an earlier leader may have asked for it a moment ago
	}
	for _, e := range promised.Releases {
		c.operations.MayDetach(e.NodeUID) // and to take this one off
	}
	for _, x := range rebuilt.Collisions {
		if x.Allocation.NodeUID != "" && !x.Allocation.Published && !errors.Is(x.Err, allocator.ErrNoRange) {
			c.ledger.End(x.Allocation.NodeUID, x.Allocation.Prefix) // an old promise, overtaken by what stands
		}
	}
	for _, rest := range rebuilt.Rested {
		c.ledger.Rest("", rest.Prefix, rest.Until, now)
	}
	lost := func(h allocator.Allocation) bool { return !r.alive[h.NodeUID] || r.missing[h.NodeUID] }
	for _, h := range c.allocator.OfNodes(lost) {
		c.enqueue(h.Node)
	}
	for _, name := range slices.Concat(r.idle, r.accused) {
		c.backoff.Forget(name)
		c.enqueue(name)
	}
	for _, f := range r.foreign { // which may be older than the request that selects them
		c.enqueue(f.Node)
	}
}
