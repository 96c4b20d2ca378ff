package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// burstRow: Nodes that wait when the contender starts.
type burstRow struct {
	Contender     string  `json:"contender"`
	Nodes         int     `json:"nodes"`
	StartSeconds  float64 `json:"startSeconds"` // from its start until it could allocate
	Seconds       float64 `json:"seconds"`      // from then until the last Node is done
	PerSecond     float64 `json:"nodesPerSecond"`
	OfBareLoop    float64 `json:"ofBareLoop"`
	WritesPerNode float64 `json:"apiWritesPerNode"`
	Events        float64 `json:"events"`
	// Rounds are the seconds of each, where there were several: all other
	// figures are their means, and the memory the most.
	Rounds []float64 `json:"roundSeconds,omitempty"`
	spent
	// CloudPerNode and CloudLatency are nil for a contender without a cloud.
	CloudPerNode        *float64 `json:"cloudCallsPerNode,omitempty"`
	CloudLatencySeconds float64  `json:"cloudLatencySeconds,omitempty"`
	PeakMiB             float64  `json:"peakMiB,omitempty"`
	// WatchRestarts: how often the server was too busy to go on with the watch
	// of this harness. Each delays what is seen by a round trip.
	WatchRestarts int `json:"watchRestarts,omitempty"`
}

func (b *bench) burst(ctx context.Context, c contender, n int) (row burstRow, err error) {
	say("%s: a burst of %d Nodes", c.name, n)
	defer func() { err = wrap(c, "burst", err) }()
	if _, err := b.createNodes(ctx, "burst", n); err != nil {
		return row, err
	}
	o, err := b.observe(ctx)
	if err != nil {
		return row, err
	}
	defer o.stop()
	before, err := b.meter(ctx)
	if err != nil {
		return row, err
	}
	started := time.Now()
	r, err := c.start(ctx, b)
	if err != nil {
		return row, err
	}
	atMost := time.Minute + time.Duration(n)*50*time.Millisecond
	if c.slow {
		atMost += time.Duration(n) * 50 * time.Millisecond
	}
	err = o.wait(ctx, r, atMost, func(nodes map[string]*seen) bool { return allDone(nodes, c) })
	if err != nil {
		return row, errors.Join(err, b.end(ctx, c, r))
	}
	took, err := b.spentSince(ctx, before, n)
	if err != nil {
		return row, errors.Join(err, b.end(ctx, c, r))
	}
	first, last := o.span(c)
	if r.began != nil {
		if t := r.began(); !t.IsZero() {
			first = t
		}
	}
	row = burstRow{
		Contender: c.name, Nodes: n, CloudLatencySeconds: c.cloudLatency.Seconds(),
		StartSeconds: first.Sub(started).Seconds(), Seconds: last.Sub(first).Seconds(),
		PerSecond: float64(n) / last.Sub(first).Seconds(),
		spent:     took,
	}
	o.mu.Lock()
	row.WatchRestarts = o.restarts
	o.mu.Unlock()
	writes, events := row.Requests.writes()
	row.WritesPerNode, row.Events = writes/float64(n), events
	if r.cloudCalls != nil {
		per := float64(r.cloudCalls()) / float64(n)
		row.CloudPerNode = &per
	}
	if r.process != nil {
		row.PeakMiB, _ = memoryOf(r.process.Pid)
	}
	say("  %.2f s, CPU ms/Node of server, contender and harness: %s", row.Seconds, row.CPU)
	if err := errors.Join(b.end(ctx, c, r), b.check(ctx, c, o)); err != nil {
		return row, err
	}
	return row, b.deleteNodes(ctx)
}

// check: a fast allocator that breaks an invariant wins nothing.
func (b *bench) check(ctx context.Context, c contender, o *observer) error {
	err := o.checkUnique()
	if c.hasCloud {
		err = errors.Join(err, b.cloud.confirm(ctx, o))
	}
	return err
}

func allDone(nodes map[string]*seen, c contender) bool {
	for _, s := range nodes {
		if s.published.IsZero() || c.setsCondition && s.conditionSet.IsZero() {
			return false
		}
	}
	return true
}

// span is from the first podCIDR to the last write that makes a Node done.
func (o *observer) span(c contender) (first, last time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.nodes {
		if first.IsZero() || s.published.Before(first) {
			first = s.published
		}
		done := s.published
		if c.setsCondition && s.conditionSet.After(done) {
			done = s.conditionSet
		}
		if done.After(last) {
			last = done
		}
	}
	return first, last
}

func wrap(c contender, what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s of %s: %w", what, c.name, err)
}
