package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// seen is when a watch showed what happened to a Node; zero for not yet.
type seen struct {
	created, published, conditionSet time.Time
	podCIDRs                         []netip.Prefix
}

// observer follows all Nodes with one watch, the same for every contender.
type observer struct {
	stop func()

	mu       sync.Mutex
	nodes    map[string]*seen
	restarts int // of the watch
	err      error
}

func (b *bench) observe(ctx context.Context) (*observer, error) {
	list, err := b.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing the Nodes to observe: %w", err)
	}
	o := &observer{nodes: make(map[string]*seen, len(list.Items))}
	for i := range list.Items {
		o.record(&list.Items[i], time.Now())
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	o.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		if err := b.follow(ctx, list.ResourceVersion, o); ctx.Err() == nil {
			o.fail(err)
		}
	}()
	return o, nil
}

// follow watches until ctx is done. A busy server ends a watch that it cannot
// serve at once; the next goes on where that one stopped.
func (b *bench) follow(ctx context.Context, from string, o *observer) error {
	hour := int64(3600)
	for {
		w, err := b.watcher.CoreV1().Nodes().Watch(ctx, metav1.ListOptions{ResourceVersion: from, TimeoutSeconds: &hour})
		if err != nil {
			return fmt.Errorf("watching the Nodes: %w", err)
		}
		for event := range w.ResultChan() {
			now := time.Now()
			n, ok := event.Object.(*corev1.Node)
			if !ok {
				w.Stop()
				return fmt.Errorf("watching the Nodes: the server sent %s: %v", event.Type, event.Object)
			}
			from = n.ResourceVersion
			if event.Type != watch.Deleted {
				o.record(n, now)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o.mu.Lock()
		o.restarts++
		o.mu.Unlock()
	}
}

func (o *observer) record(n *corev1.Node, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.nodes[n.Name]
	if s == nil {
		s = &seen{created: now}
		o.nodes[n.Name] = s
	}
	if s.published.IsZero() && n.Spec.PodCIDR != "" {
		s.published = now
		for _, text := range n.Spec.PodCIDRs {
			if p, err := netip.ParsePrefix(text); err == nil {
				s.podCIDRs = append(s.podCIDRs, p)
			}
		}
	}
	if s.conditionSet.IsZero() {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeNetworkUnavailable && c.Status == corev1.ConditionFalse {
				s.conditionSet = now
			}
		}
	}
}

func (o *observer) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

// wait returns when done says so; it fails with the contender.
func (o *observer) wait(ctx context.Context, r *running, atMost time.Duration, done func(map[string]*seen) bool) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		o.mu.Lock()
		ok, err := done(o.nodes), o.err
		o.mu.Unlock()
		switch {
		case ok:
			return nil
		case err != nil:
			return err
		}
		if err := r.failed(); err != nil {
			return err
		}
		// Counting is not for every event, or it would slow down the counted.
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the podCIDRs, %s: %w", o.progress(), ctx.Err())
		}
	}
}

func (o *observer) progress() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	published := 0
	for _, s := range o.nodes {
		if !s.published.IsZero() {
			published++
		}
	}
	return fmt.Sprintf("%d of %d Nodes have one", published, len(o.nodes))
}

// checkUnique reports two Nodes whose ranges overlap: a fast allocator that
// does that wins nothing.
func (o *observer) checkUnique() error {
	type held struct {
		prefix netip.Prefix
		node   string
	}
	o.mu.Lock()
	var all []held
	for name, s := range o.nodes {
		for _, p := range s.podCIDRs {
			all = append(all, held{p, name})
		}
	}
	o.mu.Unlock()
	// Sorted by address and then size, a prefix that overlaps any later one
	// overlaps its neighbour.
	slices.SortFunc(all, func(a, b held) int { return a.prefix.Compare(b.prefix) })
	for i := 1; i < len(all); i++ {
		if all[i-1].prefix.Overlaps(all[i].prefix) {
			return fmt.Errorf("invariant I1 is broken: Nodes %s and %s hold %s and %s",
				all[i-1].node, all[i].node, all[i-1].prefix, all[i].prefix)
		}
	}
	return nil
}
