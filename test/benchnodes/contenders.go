package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

// A contender gives podCIDRs to Nodes.
type contender struct {
	name string
	// start runs it against the control plane; it takes the Nodes that exist
	// and, but for the bare loop, all that come.
	start func(ctx context.Context, b *bench) (*running, error)
	// lease is what it holds in kube-system while it leads; empty without.
	lease string
	// setsCondition: it also sets NetworkUnavailable to False on each Node.
	setsCondition bool
	// slow ones get fewer Nodes and only the burst.
	slow bool
	// cloudLatency of an operation, for a contender that has a cloud.
	cloudLatency time.Duration
	// hasCloud: it attaches the ranges to the instances of the simulation.
	hasCloud bool
	// targets are judged after the run; it may have none.
	targets targets
}

// running is a contender at work.
type running struct {
	process *apiserver.Process // nil for one that runs in this process
	// began is when it could begin to allocate, where it knows better than the
	// first podCIDR that is seen; nil or zero otherwise.
	began func() time.Time
	// cloudCalls made so far; nil for a contender without a cloud.
	cloudCalls func() int
	// stop ends what process is not: a simulator, goroutines. May be nil.
	stop func() error
	// err says why it cannot go on; may be nil.
	err func() error
}

func (r *running) failed() error {
	if r.process != nil {
		if err := r.process.Err(); err != nil {
			return err
		}
	}
	if r.err != nil {
		return r.err()
	}
	return nil
}

// stopGrace is enough for a leader to put its lease down.
const stopGrace = 15 * time.Second

// end stops a contender and takes away its Lease, so that the next leader need
// not wait for that to expire.
func (b *bench) end(ctx context.Context, c contender, r *running) error {
	if r.process != nil {
		stopping, cancel := context.WithTimeout(ctx, stopGrace)
		defer cancel()
		if err := r.process.Stop(stopping); err != nil {
			return err
		}
	}
	if r.stop != nil {
		if err := r.stop(); err != nil {
			return fmt.Errorf("stopping %s: %w", c.name, err)
		}
	}
	if c.lease == "" {
		return nil
	}
	err := b.client.CoordinationV1().Leases(metav1.NamespaceSystem).Delete(ctx, c.lease, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("removing the Lease of %s: %w", c.name, err)
	}
	return nil
}

// Every contender allocates /24s of the same space, enough for any run.
var (
	clusterCIDR = netip.MustParsePrefix("10.0.0.0/8")
	nodeBits    = 24
)

func contenders() []contender {
	return []contender{
		nodeIPAM("nodeipam, as it comes", 0, true),
		nodeIPAM("nodeipam, client limits lifted", 100_000, false),
		vpcNative("vpcnative, instant operations", 0, instantTargets),
		vpcNative("vpcnative, 2 s operations", 2*time.Second, slowTargets),
	}
}

func nodeIPAM(name string, qps int, slow bool) contender {
	return contender{
		name:  name,
		slow:  slow,
		lease: apiserver.NodeIPAMLease,
		start: func(_ context.Context, b *bench) (*running, error) {
			p, err := b.server.StartNodeIPAM(apiserver.NodeIPAM{
				ClusterCIDR: clusterCIDR, NodeMaskSize: nodeBits, QPS: qps, Burst: qps,
			})
			if err != nil {
				return nil, err
			}
			return &running{process: p}, nil
		},
	}
}

// bareLoop makes, for each Node that exists, the two writes that an allocator
// which also sets the Node's condition cannot avoid, and nothing else.
func bareLoop(workers int) contender {
	return contender{
		name:          fmt.Sprintf("bare loop, %d at once", workers),
		setsCondition: true,
		start: func(ctx context.Context, b *bench) (*running, error) {
			nodes, err := b.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("listing the Nodes for the bare loop: %w", err)
			}
			names := make([]string, len(nodes.Items))
			for i := range nodes.Items {
				names[i] = nodes.Items[i].Name
			}
			began := time.Now()
			var loop errorHolder
			var wg sync.WaitGroup
			wg.Go(func() { loop.set(b.patchAll(ctx, names, 0, workers)) })
			return &running{
				began: func() time.Time { return began },
				stop:  func() error { wg.Wait(); return loop.get() },
				err:   loop.get,
			}, nil
		},
	}
}

// patchAll gives the i-th Node the (from+i)-th range.
func (b *bench) patchAll(ctx context.Context, names []string, from, workers int) error {
	return parallel(ctx, len(names), workers, func(ctx context.Context, i int) error {
		return b.patchNode(ctx, names[i], rangeAt(from+i))
	})
}

func (b *bench) patchNode(ctx context.Context, name string, cidr netip.Prefix) error {
	spec, err := json.Marshal(map[string]any{"spec": map[string]any{
		"podCIDR": cidr.String(), "podCIDRs": []string{cidr.String()},
	}})
	if err != nil {
		return err
	}
	now := metav1.Now()
	status, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.NodeCondition{{
		Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse, Reason: "PodRangeAttached",
		Message: "The pod range is attached.", LastHeartbeatTime: now, LastTransitionTime: now,
	}}}})
	if err != nil {
		return err
	}
	rest := b.client.CoreV1().RESTClient()
	if err := rest.Patch(types.MergePatchType).Resource("nodes").Name(name).Body(spec).Do(ctx).Error(); err != nil {
		return fmt.Errorf("patching the podCIDR of Node %s: %w", name, err)
	}
	if err := rest.Patch(types.StrategicMergePatchType).Resource("nodes").Name(name).SubResource("status").Body(status).Do(ctx).Error(); err != nil {
		return fmt.Errorf("patching the condition of Node %s: %w", name, err)
	}
	return nil
}

func rangeAt(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), nodeBits)
}

// bestWorkers tries how many patches at once the server does best with; this
// also warms it up.
func (b *bench) bestWorkers(ctx context.Context) (int, error) {
	const each = 400
	say("finding the bare loop's best concurrency")
	tries := []int{8, 16, 32, 64}
	names, err := b.createNodes(ctx, "try", each*(len(tries)+1))
	if err != nil {
		return 0, err
	}
	if err := b.patchAll(ctx, names[:each], 0, 16); err != nil { // warm-up
		return 0, err
	}
	best, bestTime := 0, time.Duration(0)
	for i, workers := range tries {
		from := each * (i + 1)
		began := time.Now()
		if err := b.patchAll(ctx, names[from:from+each], from, workers); err != nil {
			return 0, err
		}
		if took := time.Since(began); best == 0 || took < bestTime {
			best, bestTime = workers, took
		}
	}
	return best, b.deleteNodes(ctx)
}

type errorHolder struct {
	mu  sync.Mutex
	err error
}

func (h *errorHolder) set(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

func (h *errorHolder) get() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// parallel calls do(0) to do(n-1), several at once, until one fails.
func parallel(ctx context.Context, n, workers int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var first errorHolder
	var once sync.Once
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					once.Do(func() { first.set(err); cancel() })
					return
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if err := first.get(); err != nil {
		return err
	}
	return ctx.Err()
}
