package node

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// lull is for how long no podCIDRs must have been under way before
	// reports go out that hold nobody up.
	lull = 50 * time.Millisecond
	// reportBy is when such a report goes out although there is no lull.
	reportBy = 30 * time.Second
	// lullAtOnce is how many reports are written at a time: enough to keep the
	// API server busy, and few for podCIDRs that come now to wait behind.
	lullAtOnce = 16
	// lateAtOnce is how many are written at a time without a lull.
	lateAtOnce = 2
)

// goodNews are reports that nobody waits for: a Node that never said that its
// network is unavailable is scheduled to once it has podCIDRs, whether or not
// it also says that the network is there. Its podCIDRs are waited for, by the
// kubelet and the network plugin. So while the API server is busy with
// podCIDRs, the reports let them pass.
type goodNews struct {
	mu    sync.Mutex
	queue []news
	came  chan struct{} // holds a token while there may be some
}

type news struct {
	node string
	uid  types.UID
	by   time.Time
}

func newGoodNews() *goodNews { return &goodNews{came: make(chan struct{}, 1)} }

func (g *goodNews) add(n news) {
	g.mu.Lock()
	g.queue = append(g.queue, n)
	g.mu.Unlock()
	select {
	case g.came <- struct{}{}:
	default:
	}
}

// next takes the oldest off the queue, and waits for it until it may go. It is
// false where there is none, or ctx ended.
func (g *goodNews) next(ctx context.Context, mayGo func(news) bool) (news, bool) {
	for ctx.Err() == nil {
		g.mu.Lock()
		if len(g.queue) == 0 {
			g.queue = nil
			g.mu.Unlock()
			break
		}
		n := g.queue[0]
		if mayGo(n) {
			g.queue = g.queue[1:]
			g.mu.Unlock()
			return n, true
		}
		g.mu.Unlock()
		pause(ctx, lull/10)
	}
	return news{}, false
}

// heldUp tells whether what the Node says of its network may hold it up, also
// where the cache does not show that yet.
func (c *Controller) heldUp(node *corev1.Node) bool {
	return networkCondition(node) != nil || c.told.any(node.Name)
}

// spread writes good news until ctx ends. A manager that stops leaves the rest
// to the next one, which finds those Nodes without their report.
func (c *Controller) spread(ctx context.Context) {
	var writers sync.WaitGroup
	defer writers.Wait()
	calm, late := make(chan struct{}, lullAtOnce), make(chan struct{}, lateAtOnce)
	for {
		select {
		case <-c.news.came:
		case <-ctx.Done():
			return
		}
		for n, some := c.news.next(ctx, c.mayTell); some; n, some = c.news.next(ctx, c.mayTell) {
			places := late
			if c.isLull() {
				places = calm
			}
			places <- struct{}{} // every write ends with ctx
			writers.Go(func() {
				defer func() { <-places }()
				c.tell(ctx, n)
			})
		}
	}
}

func (c *Controller) mayTell(n news) bool { return c.isLull() || !time.Now().Before(n.by) }

func (c *Controller) isLull() bool { return c.Writer.podCIDRs.quietSince(time.Now()) >= lull }

// tell writes one report. Where that fails the Node comes back and is looked
// at as one that was never reported.
func (c *Controller) tell(ctx context.Context, n news) {
	if !c.reports.queued(n.node, n.uid) {
		return
	}
	err := c.writeReport(ctx, n.node, n.uid)
	if err == nil || ctx.Err() != nil {
		return
	}
	log.FromContext(ctx).Info("a report that the pod range is ready failed; trying again", "node", n.node, "error", err.Error())
	c.reports.shown(n.node)
	c.enqueue(n.node)
}

// pause is false where ctx ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
