package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// arrivalRow: Nodes that arrive one after the other, from creation to podCIDR.
type arrivalRow struct {
	Contender string  `json:"contender"`
	Nodes     int     `json:"nodes"`
	Rate      int     `json:"nodesPerSecondAsked"`
	Arrived   float64 `json:"nodesPerSecond"`
	MedianMS  float64 `json:"medianMilliseconds"`
	P99MS     float64 `json:"p99Milliseconds"`
	MaxMS     float64 `json:"maxMilliseconds"`
	// ConditionMS is the median until NetworkUnavailable is False; nil for a
	// contender that does not set it.
	ConditionMS *float64 `json:"conditionMedianMilliseconds,omitempty"`
	spent
}

// arrive creates Nodes at a steady rate while the contender runs. A delay
// counts from the answer to the creation, or from when the watch showed the
// Node, whichever was first.
func (b *bench) arrive(ctx context.Context, c contender) (row arrivalRow, err error) {
	say("%s: %d Nodes arrive, %d a second", c.name, b.arrivals, b.arrivalRate)
	defer func() { err = wrap(c, "arrival", err) }()
	if err := b.createNode(ctx, "first", 0); err != nil {
		return row, err
	}
	o, err := b.observe(ctx)
	if err != nil {
		return row, err
	}
	defer o.stop()
	r, err := c.start(ctx, b)
	if err != nil {
		return row, err
	}
	if err := o.wait(ctx, r, time.Minute, func(nodes map[string]*seen) bool { return allDone(nodes, c) }); err != nil {
		return row, errors.Join(err, b.end(ctx, c, r))
	}
	before, err := b.meter(ctx)
	if err != nil {
		return row, errors.Join(err, b.end(ctx, c, r))
	}
	began := time.Now()
	answered, err := b.createSteadily(ctx)
	took := time.Since(began)
	if err == nil {
		err = o.wait(ctx, r, time.Minute, func(nodes map[string]*seen) bool {
			return len(nodes) == b.arrivals+1 && allDone(nodes, c)
		})
	}
	used, metered := b.spentSince(ctx, before, b.arrivals)
	if err = errors.Join(err, metered, b.end(ctx, c, r), b.check(ctx, c, o)); err != nil {
		return row, err
	}
	delays := o.delays(answered, func(s *seen) time.Time { return s.published })
	row = arrivalRow{
		Contender: c.name, Nodes: b.arrivals, Rate: b.arrivalRate, spent: used,
		Arrived:  float64(b.arrivals) / took.Seconds(),
		MedianMS: quantile(delays, 0.5), P99MS: quantile(delays, 0.99), MaxMS: quantile(delays, 1),
	}
	if c.setsCondition {
		median := quantile(o.delays(answered, func(s *seen) time.Time { return s.conditionSet }), 0.5)
		row.ConditionMS = &median
	}
	say("  median %.1f ms, 99th percentile %.1f ms, CPU ms/Node of server, contender and harness: %s", row.MedianMS, row.P99MS, row.CPU)
	return row, b.deleteNodes(ctx)
}

// createSteadily returns when the server answered each creation.
func (b *bench) createSteadily(ctx context.Context) (map[string]time.Time, error) {
	var (
		mu       sync.Mutex
		answered = make(map[string]time.Time, b.arrivals)
		failed   error
		wg       sync.WaitGroup
	)
	tick := time.NewTicker(time.Second / time.Duration(b.arrivalRate))
	defer tick.Stop()
	for i := range b.arrivals {
		select {
		case <-tick.C:
		case <-ctx.Done():
			wg.Wait()
			return nil, ctx.Err()
		}
		wg.Go(func() {
			name := nodeName("arrival", i)
			err := b.createNode(ctx, name, i)
			now := time.Now()
			mu.Lock()
			defer mu.Unlock()
			answered[name] = now
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	return answered, failed
}

// delays from the creation of each Node until then, sorted.
func (o *observer) delays(answered map[string]time.Time, until func(*seen) time.Time) []float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ms []float64
	for name, at := range answered {
		s := o.nodes[name]
		if s.created.Before(at) {
			at = s.created
		}
		ms = append(ms, float64(until(s).Sub(at))/float64(time.Millisecond))
	}
	slices.Sort(ms)
	return ms
}

// quantile of sorted values: the smallest that at least q of them do not exceed.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(q*float64(len(sorted))+0.9999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
