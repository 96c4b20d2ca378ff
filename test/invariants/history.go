package invariants

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// History watches what the Nodes of one cluster or several publish, and tells
// what is wrong at any moment: two that exist publish overlapping ranges (I1),
// a published range changes (I2), a range comes back to another instance
// before it can have rested (I3).
type History struct {
	// Rest is how long a range stays away at least after the Node that
	// published it was seen to go; zero: it is not looked at.
	Rest time.Duration
	// Bad is called with each violation, on a goroutine of the History.
	Bad func(error)

	mu        sync.Mutex
	published map[types.UID]publication
	left      []publication
}

type publication struct {
	prefix       netip.Prefix
	by, instance string
	gone         time.Time
}

// Follow watches a cluster until stop is called.
func (h *History) Follow(cluster string, api client.WithWatch) (stop func(), err error) {
	w, err := api.Watch(context.Background(), &corev1.NodeList{})
	if err != nil {
		return nil, fmt.Errorf("watching the Nodes of cluster %s: %w", cluster, err)
	}
	stopped := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for e := range w.ResultChan() {
			if n, ok := e.Object.(*corev1.Node); ok {
				h.saw(e.Type, cluster, n, time.Now())
			}
		}
		select {
		case <-stopped:
		default:
			h.Bad(fmt.Errorf("the watch of the Nodes of cluster %s ended by itself", cluster))
		}
	})
	return func() {
		close(stopped)
		w.Stop()
		done.Wait()
	}, nil
}

func (h *History) saw(kind watch.EventType, cluster string, n *corev1.Node, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	had, known := h.published[n.UID]
	if kind == watch.Deleted {
		if known {
			had.gone = now
			h.left = append(slices.DeleteFunc(h.left, func(p publication) bool { return now.Sub(p.gone) > h.Rest }), had)
		}
		delete(h.published, n.UID)
		return
	}
	if len(n.Spec.PodCIDRs) == 0 {
		return
	}
	p, err := netip.ParsePrefix(n.Spec.PodCIDRs[0])
	if err != nil {
		h.Bad(fmt.Errorf("I1: node %s of cluster %s publishes %q: %w", n.Name, cluster, n.Spec.PodCIDRs, err))
		return
	}
	is := publication{prefix: p, by: "node " + n.Name + " of cluster " + cluster, instance: instanceOf(*n)}
	if known {
		if had.prefix != p {
			h.Bad(fmt.Errorf("I2: %s published %s and publishes %s now", is.by, had.prefix, p))
		}
		return
	}
	h.judge(n.UID, is, now)
	if h.published == nil {
		h.published = map[types.UID]publication{}
	}
	h.published[n.UID] = is
}

// judge looks at a publication that is new.
func (h *History) judge(uid types.UID, is publication, now time.Time) {
	for other, was := range h.published {
		if other != uid && was.prefix.Overlaps(is.prefix) {
			h.Bad(fmt.Errorf("I1: %s publishes %s while %s publishes %s", is.by, is.prefix, was.by, was.prefix))
		}
	}
	for _, was := range h.left {
		if since := now.Sub(was.gone); was.instance != is.instance && was.prefix.Overlaps(is.prefix) && since < h.Rest {
			h.Bad(fmt.Errorf("I3: %s publishes %s, %s after %s went, which published %s", is.by, is.prefix, since, was.by, was.prefix))
		}
	}
}
