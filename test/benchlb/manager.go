package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service"
)

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}

// clock is the time of day, which can be put forward: a resync need not be
// waited for.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// manager is one that runs the load balancer controller.
type manager struct {
	stop  func() error
	clock *clock
}

type opened struct{ lb.Balancers }

// grace has the controller look at the clock every second; nothing is orphaned
// here.
const resync, grace = 10 * time.Minute, 2 * time.Second

// start runs a manager on a cloud opened anew: it knows nothing yet.
func (w *world) start(ctx context.Context) (*manager, error) {
	mgr, err := ctrl.NewManager(w.config, ctrl.Options{
		Scheme: newScheme(), Logger: log.Log, Metrics: server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		Cache:      cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Service{}: {Namespaces: map[string]cache.Config{w.name: {}}}}},
	})
	if err != nil {
		return nil, err
	}
	b, closer, err := w.cloud.open(ctx)
	if err != nil {
		return nil, err
	}
	balancers := &opened{b} // what is opened anew is told by the pointer
	m := &manager{clock: &clock{}}
	registry, recorder := prometheus.NewRegistry(), &events.FakeRecorder{}
	engine := loadbalancer.New(loadbalancer.Config{
		Client: mgr.GetClient(), ClusterID: w.name,
		Nodes: func() []*corev1.Node { return w.nodesOf(context.Background(), mgr.GetClient()) },
		OpenBalancers: func(_ context.Context, n *v1alpha1.Network) (lb.Balancers, error) {
			if n.Name != w.name {
				return nil, nil
			}
			return balancers, nil
		},
		Events: recorder, Metrics: loadbalancer.NewMetrics(registry),
		Resync: resync, OrphanGrace: grace, Gather: w.gather, Now: m.clock.now,
	})
	services := service.New(service.Config{
		Engine: engine, Client: mgr.GetClient(), Live: namespaced{mgr.GetAPIReader(), w.name}, Events: recorder, Metrics: service.NewMetrics(registry),
	})
	if err := errors.Join(services.Setup(mgr), engine.Setup(mgr)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the step that starts it
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	m.stop = func() error {
		cancel()
		closer()
		return <-ended
	}
	return m, nil
}

// nodesOf are this world's Nodes of the cache.
func (w *world) nodesOf(ctx context.Context, c client.Client) (out []*corev1.Node) {
	var list corev1.NodeList
	if err := c.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	for i := range list.Items {
		if strings.HasPrefix(list.Items[i].Name, w.name) {
			out = append(out, &list.Items[i])
		}
	}
	return out
}

// namespaced lists the Services of one world.
type namespaced struct {
	client.Reader
	namespace string
}

func (n namespaced) List(ctx context.Context, list client.ObjectList, o ...client.ListOption) error {
	if _, ok := list.(*corev1.ServiceList); ok {
		o = append(o, client.InNamespace(n.namespace))
	}
	return n.Reader.List(ctx, list, o...)
}
