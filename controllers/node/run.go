package node

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// tick is how often resting prefixes are offered to Nodes that wait.
const tick = release.CountEvery

// run keeps the allocator until the manager stops.
func (c *Controller) run(ctx context.Context) {
	ticker, resync := time.NewTicker(tick), time.NewTicker(c.Resync)
	defer ticker.Stop()
	defer resync.Stop()
	retry := c.restoreAgain(ctx, nil)
	count := true
	for {
		restore := false
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			count, restore = c.tick(ctx, count)
		case <-c.again:
			count = true // a person may have confirmed what is held
			restore = !c.refresh(ctx)
		case <-retry:
			restore = true
		case <-resync.C:
			restore = true
		}
		if restore {
			retry = c.restoreAgain(ctx, c.restore(ctx, claims.Records{}))
		}
	}
}

// restoring is the key by which restores that failed, in whole or in part, are
// tried again, later each time: no Node has this name.
const restoring = "/restore"

// restoreAgain is when to restore again after one that may have failed; nil: not before
// the next resync. What VPCs cannot be read costs a reading of the others, too.
func (c *Controller) restoreAgain(ctx context.Context, failed error) <-chan time.Time {
	if failed != nil {
		log.FromContext(ctx).Error(failed, "reading what is in use failed; what was known stays in force")
	}
	if failed == nil && len(c.findings.catalog().failures) == 0 {
		c.backoff.Forget(restoring)
		return nil
	}
	return time.After(c.backoff.When(restoring))
}

// tick does what is to be done from time to time, and reports whether the Nodes
// that are gone are to be counted the next time too, and whether everything has
// to be read again.
func (c *Controller) tick(ctx context.Context, count bool) (again, restore bool) {
	for _, h := range c.allocator.Feed(c.Now()) {
		c.enqueue(h.Node)
	}
	for _, name := range slices.Concat(c.limiter.Call(), c.status.Overdue()) {
		c.enqueue(name)
	}
	c.callBack(ctx, c.rivals.Gone())
	restore = c.list(ctx) // what it found is anybody's
	if count || c.releases.Any() {
		again = c.applyBrakes(ctx)
	}
	c.reportRequests(ctx)
	c.Metrics.rivals(c.rivals.Stopped())
	c.Metrics.observe(c.allocator.Waiting(), c.ledger.Writes())
	c.Metrics.ledgerBlocked(namesOfBlocked(c.ledger.Blocked())...)
	return again, restore
}

// refresh takes over requests that changed without changing any pool; it is
// false where everything has to be read again.
func (c *Controller) refresh(ctx context.Context) bool {
	cat, err := c.readCatalog(ctx, c.Client)
	if err != nil {
		return false
	}
	had := c.findings.catalog()
	if len(had.failures) > 0 || len(cat.failures) > 0 || !sameDefinitions(cat.definitions, had.definitions) || len(cat.vpcs) != len(had.vpcs) {
		return false
	}
	same := sameSelection(had.requests, cat.requests)
	if !same {
		for _, h := range c.allocator.OfNodes(allocator.IsObserved) {
			defer c.enqueue(h.Node) // its request may have it attached by now
		}
	}
	c.findings.setCatalog(cat)
	c.rivals.Load(cat.requests)
	if same {
		return true
	}
	for _, n := range c.Nodes() {
		// Those that publish ours know it; another request may select those
		// that somebody else gave theirs.
		if _, _, ours := c.publishedPrefix(n); !ours {
			c.enqueue(n.Name)
		}
	}
	return true
}
