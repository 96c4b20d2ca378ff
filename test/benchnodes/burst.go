package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	Requests      counts  `json:"apiRequests"`
	// CloudPerNode and CloudLatency are nil for a contender without a cloud.
	CloudPerNode        *float64 `json:"cloudCallsPerNode,omitempty"`
	CloudLatencySeconds float64  `json:"cloudLatencySeconds,omitempty"`
	PeakMiB             float64  `json:"peakMiB,omitempty"`
	CPU                 cpuRow   `json:"cpuMillisecondsPerNode"`
	// WatchRestarts: how often the server was too busy to go on with the watch
	// of this harness. Each delays what is seen by a round trip.
	WatchRestarts int `json:"watchRestarts,omitempty"`
}

// bursts runs every contender's, and the bare loop right before and right after
// the one that is held against it: the machine and the server change in the
// course of a run. The mean of both is the measure of all.
func (b *bench) bursts(ctx context.Context, all []contender, bare contender) (rows []burstRow, _ error) {
	held := func(c contender) bool { return c.targets.ofBareLoop > 0 }
	var order []contender
	for _, c := range all {
		if held(c) {
			order = append(order, bare, c, bare)
		} else {
			order = append(order, c)
		}
	}
	if !slices.ContainsFunc(all, held) {
		order = append(order, bare)
	}
	var nodes, seconds float64 // of the bare loop
	for _, c := range order {
		n := b.nodes
		if c.slow {
			n = min(n, b.slowNodes)
		}
		row, err := b.burst(ctx, c, n)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		if c.name == bare.name {
			nodes, seconds = nodes+float64(n), seconds+row.Seconds
		}
	}
	for i := range rows {
		rows[i].OfBareLoop = rows[i].PerSecond * seconds / nodes
	}
	return rows, nil
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
	before, err := b.apiCounts(ctx)
	if err != nil {
		return row, err
	}
	cpuBefore := b.cpu()
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
	cpu := b.cpu().since(cpuBefore, n)
	after, err := b.apiCounts(ctx)
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
		Requests:  after.since(before),
		CPU:       cpu,
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
