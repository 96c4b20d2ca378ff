package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// process is one manager.
type process struct {
	c      *Controller
	stop   context.CancelFunc
	fenced error
}

// lead starts a manager, which leads from now on; the one before goes on
// unless it is stopped.
func (w *world) lead() *process {
	ctx, cancel := context.WithCancel(w.t.Context())
	w.mu.Lock()
	w.serial++
	holder := fmt.Sprintf("manager-%d", w.serial)
	w.mu.Unlock()
	m := &process{stop: cancel}
	m.c = New(Config{
		Client: reader{w: w, stale: true}, Live: reader{w: w},
		Nodes: func() (out []*corev1.Node) {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, n := range w.cached {
				out = append(out, n.DeepCopy())
			}
			return out
		},
		Writer: nodestatus.NewWriter(answeredBy(w.t, w.patch)),
		OpenVPC: func(_ context.Context, n *v1alpha1.Network) (cloud.VPC, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if err, other := w.others[n.Name]; other {
				return cloud.VPC{Place: w.places[n.Name], Interfaces: nobody{err}, Space: space{w}}, nil
			}
			if w.closed {
				return cloud.VPC{}, fault(cloud.Unauthenticated)
			}
			return cloud.VPC{Interfaces: interfaces{w}, Space: space{w}, Traits: w.traits}, nil
		},
		Ledger: claims.Config{ConfigMaps: w.store, Name: "claims", Holder: holder, Log: logr.Discard()},
		StillLeads: func(context.Context) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.leader != m {
				return errors.New("another leads")
			}
			return nil
		},
		Fenced: func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			m.fenced = err
			cancel()
		},
		Events: &events.FakeRecorder{Events: w.heard}, MaxInFlight: w.inFlight, Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	m.c.queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	close(m.c.queued)
	w.mu.Lock()
	w.leader = m
	for name := range w.cached {
		m.c.enqueue(name)
	}
	w.mu.Unlock()
	go func() { _ = leader{m.c}.Start(ctx) }()
	for range 4 {
		go m.work(ctx)
	}
	context.AfterFunc(ctx, m.c.queue.ShutDown)
	return m
}

func (m *process) work(ctx context.Context) {
	for {
		req, stop := m.c.queue.Get()
		if stop {
			return
		}
		again, err := m.c.Reconcile(ctx, req)
		switch {
		case err != nil:
			m.c.queue.AddRateLimited(req)
		case again.RequeueAfter > 0:
			m.c.queue.AddAfter(req, again.RequeueAfter)
		}
		m.c.queue.Done(req)
	}
}

// published returns what a Node publishes.
func (w *world) published(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.nodes[name]; n != nil && len(n.Spec.PodCIDRs) > 0 {
		return n.Spec.PodCIDRs[0]
	}
	return ""
}

// reason returns why a Node waits.
func (w *world) reason(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cond := nodestatus.NetworkCondition(w.nodes[name]); cond != nil && cond.Status == corev1.ConditionTrue {
		return cond.Reason
	}
	return ""
}

// message is what the Node says to its reason.
func (w *world) message(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cond := nodestatus.NetworkCondition(w.nodes[name]); cond != nil {
		return cond.Message
	}
	return ""
}

func (w *world) carries(name string) []netip.Prefix {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.instancesOf("vm-" + name).prefixes)
}
