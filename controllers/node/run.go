package node

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

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
	var failures restoreFailures
	if len(c.findings.catalog().failures) > 0 {
		failures.retry = time.After(time.Second)
	}
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
		case <-failures.retry:
			restore = true
		case <-resync.C:
			restore = true
		}
		if restore {
			failures.note(ctx, c.restore(ctx, claims.Records{}), len(c.findings.catalog().failures))
		}
	}
}

// restoreFailures counts the restores in a row that failed, in whole or in part.
type restoreFailures struct {
	count int
	retry <-chan time.Time
}

// note notes how a restore went, and of how many VPCs nothing could be read: the
// next try comes later each time, as the others are read with it.
func (f *restoreFailures) note(ctx context.Context, err error, unread int) {
	if err != nil {
		log.FromContext(ctx).Error(err, "reading what is in use failed; what was known stays in force")
	}
	if err == nil && unread == 0 {
		f.count = 0
		return
	}
	f.count++
	f.retry = time.After(min(time.Second<<min(f.count, 6), time.Minute))
}

// tick does what is to be done from time to time, and tells whether the Nodes
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
		for _, h := range c.allocator.Observed() {
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
