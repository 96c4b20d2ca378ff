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
	// lateAtOnce is how many reports without a lull are written at a time.
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

// next gives the oldest, if there is one that may go.
func (g *goodNews) next(mayGo func(news) bool) (n news, some, left bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.queue = nil
		return news{}, false, false
	}
	if n = g.queue[0]; !mayGo(n) {
		return news{}, false, true
	}
	g.queue = g.queue[1:]
	return n, true, true
}

// held tells whether the Node may be held up by what it says of its network,
// also where the cache does not show that yet.
func (c *Controller) held(node *corev1.Node) bool {
	return networkCondition(node) != nil || c.told.any(node.Name)
}

// spread writes good news until ctx ends. A manager that stops leaves the rest
// to the next one, which finds those Nodes without their report.
func (c *Controller) spread(ctx context.Context) {
	var writers sync.WaitGroup
	defer writers.Wait()
	all, late := make(chan struct{}, atOnce), make(chan struct{}, lateAtOnce)
	for {
		select {
		case <-c.news.came:
		case <-ctx.Done():
			return
		}
		for {
			places := all
			n, some, left := c.news.next(func(n news) bool {
				if c.Writer.podCIDRs.quietSince(time.Now()) >= lull {
					return true
				}
				places = late
				return !time.Now().Before(n.by)
			})
			if !left {
				break
			}
			if !some {
				if !pause(ctx, lull/5) {
					return
				}
				continue
			}
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			writers.Go(func() {
				defer func() { <-places }()
				c.tell(ctx, n)
			})
		}
	}
}

// tell writes one report. Where that fails the Node comes back and is looked
// at as one that was never reported.
func (c *Controller) tell(ctx context.Context, n news) {
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

// traffic counts the writes of one kind that are under way.
type traffic struct {
	mu   sync.Mutex
	now  int
	last time.Time // when the last one ended
}

func (t *traffic) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now++
}

func (t *traffic) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now--
	t.last = time.Now()
}

// quietSince gives for how long none has been under way; zero while one is.
func (t *traffic) quietSince(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now > 0 {
		return 0
	}
	return now.Sub(t.last)
}
