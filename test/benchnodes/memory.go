package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// memoryRow: many Nodes, and a start with all of them published.
type memoryRow struct {
	Contender string  `json:"contender"`
	Nodes     int     `json:"nodes"`
	PeakMiB   float64 `json:"peakMiB"`   // while it allocated them all
	SteadyMiB float64 `json:"steadyMiB"` // settled after that
	// WritesPerNode are those of the API until then: also what comes late, which
	// a burst's row ends before.
	WritesPerNode float64 `json:"apiWritesPerNode"`
	RestartPeak   float64 `json:"restartPeakMiB"`
	Restarted     float64 `json:"restartSteadyMiB"`
	// From winning the lease, and from the start of the process, until a Node
	// that waited has its podCIDR.
	ReadySeconds      float64 `json:"leaseToReadySeconds"`
	StartReadySeconds float64 `json:"startToReadySeconds"`
	// CloudReads are the calls of the cloud's API from the start on until
	// then; nil for a contender without a cloud.
	CloudReads *int `json:"restartCloudCalls,omitempty"`
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
	if err := b.allocateMany(ctx, c, o, &row); err != nil {
		return row, err
	}
	if err := b.restart(ctx, c, o, &row); err != nil {
		return row, err
	}
	if err := b.check(ctx, c, o); err != nil {
		return row, err
	}
	say("  peak %.0f MiB, settled %.0f, after a restart %.0f", row.PeakMiB, row.SteadyMiB, row.Restarted)
	return row, b.deleteNodes(ctx)
}

func (b *bench) allocateMany(ctx context.Context, c contender, o *observer, row *memoryRow) error {
	before, err := b.meter(ctx)
	if err != nil {
		return err
	}
	row.PeakMiB, row.SteadyMiB, err = b.runOnce(ctx, c, o, func(*running, time.Time) error { return nil })
	if err != nil {
		return err
	}
	took, err := b.spentSince(ctx, before, b.many)
	writes, _ := took.Requests.writes()
	row.WritesPerNode = writes / float64(b.many)
	return err
}

// restart is ready when the Node that waited has its podCIDR.
func (b *bench) restart(ctx context.Context, c contender, o *observer, row *memoryRow) error {
	const waits = "waits"
	if err := b.createNode(ctx, waits, b.many); err != nil {
		return err
	}
	// Until it is seen, no Node seems to wait.
	err := o.wait(ctx, &running{}, time.Minute, func(nodes map[string]*seen) bool { return nodes[waits] != nil })
	if err != nil {
		return err
	}
	row.RestartPeak, row.Restarted, err = b.runOnce(ctx, c, o, func(r *running, started time.Time) error {
		o.mu.Lock()
		ready := o.nodes[waits].published
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
	return err
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
