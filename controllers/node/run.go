package node

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// tick is how often resting prefixes are offered to Nodes that wait.
const tick = time.Second

// run keeps the allocator until the manager stops.
func (c *Controller) run(ctx context.Context) {
	ticker, resync := time.NewTicker(tick), time.NewTicker(c.Resync)
	defer ticker.Stop()
	defer resync.Stop()
	failures, count := 0, true
	retry := make(<-chan time.Time)
	restore := func() {
		if err := c.restore(ctx, claims.Records{}); err != nil {
			failures++
			log.FromContext(ctx).Error(err, "reading what is in use failed; what was known stays in force")
		} else if len(c.findings.catalog().failures) > 0 {
			failures++ // some VPC could not be read: later each time, as the others are read with it
		} else {
			failures = 0
		}
		if failures > 0 {
			retry = time.After(min(time.Second<<min(failures, 6), time.Minute))
		}
	}
	if len(c.findings.catalog().failures) > 0 {
		retry = time.After(time.Second)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, h := range c.allocator.Feed(c.Now()) {
				c.enqueue(h.Node)
			}
			for _, name := range c.limiter.Call() {
				c.enqueue(name)
			}
			c.callBack(ctx, c.rivals.Gone())
			if c.list(ctx) {
				restore() // what it found is anybody's
			}
			if count || c.releases.Any() {
				count = c.applyBrakes(ctx)
			}
			c.reportRequests(ctx)
			for _, name := range c.status.Overdue() {
				c.enqueue(name)
			}
			c.Metrics.rivals(c.rivals.Stopped())
			c.Metrics.observe(c.allocator.Waiting(), c.ledger.Writes())
			c.Metrics.ledgerBlocked(namesOfBlocked(c.ledger.Blocked())...)
		case <-c.again:
			count = true // a person may have confirmed what is held
			if !c.refresh(ctx) {
				restore()
			}
		case <-retry:
			restore()
		case <-resync.C:
			restore()
		}
	}
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
	var nodes corev1.NodeList
	if err := c.Client.List(ctx, &nodes); err != nil {
		return false
	}
	for i := range nodes.Items {
		// Those that publish ours know it; another request may select those
		// that somebody else gave theirs.
		if _, _, ours := c.publishedPrefix(&nodes.Items[i]); !ours {
			c.enqueue(nodes.Items[i].Name)
		}
	}
	return true
}
