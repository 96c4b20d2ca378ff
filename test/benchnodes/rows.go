package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// Requests of the API server, the creations among them.
	Requests counts `json:"apiRequests"`
	CPU      cpuRow `json:"cpuMillisecondsPerNode"`
}

// memoryRow: many Nodes, and a start with all of them published.
type memoryRow struct {
	Contender   string  `json:"contender"`
	Nodes       int     `json:"nodes"`
	PeakMiB     float64 `json:"peakMiB"`   // while it allocated them all
	SteadyMiB   float64 `json:"steadyMiB"` // settled after that
	RestartPeak float64 `json:"restartPeakMiB"`
	Restarted   float64 `json:"restartSteadyMiB"`
	// From winning the lease, and from the start of the process, until a Node
	// that waited has its podCIDR.
	ReadySeconds      float64 `json:"leaseToReadySeconds"`
	StartReadySeconds float64 `json:"startToReadySeconds"`
	// CloudReads are the calls of the cloud's API from the start on until
	// then; nil for a contender without a cloud.
	CloudReads *int `json:"restartCloudCalls,omitempty"`
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
	before, err := b.apiCounts(ctx)
	if err != nil {
		return row, errors.Join(err, b.end(ctx, c, r))
	}
	cpuBefore := b.cpu()
	began := time.Now()
	answered, err := b.createSteadily(ctx)
	took := time.Since(began)
	if err == nil {
		err = o.wait(ctx, r, time.Minute, func(nodes map[string]*seen) bool {
			return len(nodes) == b.arrivals+1 && allDone(nodes, c)
		})
	}
	cpu := b.cpu().since(cpuBefore, b.arrivals)
	after, counted := b.apiCounts(ctx)
	if err = errors.Join(err, counted, b.end(ctx, c, r), b.check(ctx, c, o)); err != nil {
		return row, err
	}
	delays := o.delays(answered, func(s *seen) time.Time { return s.published })
	row = arrivalRow{
		Contender: c.name, Nodes: b.arrivals, Rate: b.arrivalRate, Requests: after.since(before), CPU: cpu,
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

// settle is what a Go program gets to give memory back before it is measured.
const settle = 10 * time.Second

// remember measures memory with many Nodes, then a restart with all of them
// published and one more that waits.
func (b *bench) remember(ctx context.Context, c contender) (row memoryRow, err error) {
	say("%s: memory with %d Nodes, and a restart", c.name, b.many)
	defer func() { err = wrap(c, "memory", err) }()
	if _, err := b.createNodes(ctx, "many", b.many); err != nil {
		return row, err
	}
	o, err := b.observe(ctx)
	if err != nil {
		return row, err
	}
	defer o.stop()
	row = memoryRow{Contender: c.name, Nodes: b.many}
	row.PeakMiB, row.SteadyMiB, err = b.runOnce(ctx, c, o, func(_ *running, _ time.Time) error { return nil })
	if err != nil {
		return row, err
	}
	if err := b.createNode(ctx, "waits", b.many); err != nil {
		return row, err
	}
	// Until it is seen, no Node seems to wait.
	err = o.wait(ctx, &running{}, time.Minute, func(nodes map[string]*seen) bool { return nodes["waits"] != nil })
	if err != nil {
		return row, err
	}
	row.RestartPeak, row.Restarted, err = b.runOnce(ctx, c, o, func(r *running, started time.Time) error {
		o.mu.Lock()
		ready := o.nodes["waits"].published
		o.mu.Unlock()
		row.StartReadySeconds = ready.Sub(started).Seconds()
		if r.cloudCalls != nil {
			n := r.cloudCalls()
			row.CloudReads = &n
		}
		won, err := b.leaseWon(ctx, c)
		if !won.IsZero() {
			row.ReadySeconds = ready.Sub(won).Seconds()
		}
		return err
	})
	if err = errors.Join(err, b.check(ctx, c, o)); err != nil {
		return row, err
	}
	say("  peak %.0f MiB, settled %.0f, after a restart %.0f", row.PeakMiB, row.SteadyMiB, row.Restarted)
	return row, b.deleteNodes(ctx)
}

// runOnce starts a contender, waits until no Node waits, lets it settle and
// measures its memory.
func (b *bench) runOnce(ctx context.Context, c contender, o *observer, then func(*running, time.Time) error) (peak, steady float64, err error) {
	started := time.Now()
	r, err := c.start(ctx, b)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, b.end(ctx, c, r)) }()
	if err := o.wait(ctx, r, time.Minute+time.Duration(b.many)*50*time.Millisecond, func(nodes map[string]*seen) bool { return allDone(nodes, c) }); err != nil {
		return 0, 0, err
	}
	if err := then(r, started); err != nil {
		return 0, 0, err
	}
	if r.process == nil {
		return 0, 0, nil
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	peak, steady = memoryOf(r.process.Pid)
	return peak, steady, r.failed()
}

// leaseWon is when the leader took its Lease; zero for a contender without.
func (b *bench) leaseWon(ctx context.Context, c contender) (time.Time, error) {
	if c.lease == "" {
		return time.Time{}, nil
	}
	lease, err := b.client.CoordinationV1().Leases(metav1.NamespaceSystem).Get(ctx, c.lease, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return time.Time{}, fmt.Errorf("there is no Lease kube-system/%s: does it lead under another name?", c.lease)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the Lease kube-system/%s: %w", c.lease, err)
	}
	if lease.Spec.AcquireTime == nil {
		return time.Time{}, nil
	}
	return lease.Spec.AcquireTime.Time, nil
}

var statusLine = regexp.MustCompile(`(?m)^(VmHWM|VmRSS):\s+(\d+) kB$`)

// memoryOf reads the most and the present resident memory of a process in MiB;
// zeros where the system does not tell.
func memoryOf(pid int) (peak, now float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for _, m := range statusLine.FindAllStringSubmatch(string(status), -1) {
		kib, _ := strconv.ParseFloat(m[2], 64)
		if m[1] == "VmHWM" {
			peak = kib / 1024
		} else {
			now = kib / 1024
		}
	}
	return peak, now
}

func wrap(c contender, what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s of %s: %w", what, c.name, err)
}
