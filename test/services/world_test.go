package services

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service"
	"github.com/vpcnative/vpcnative/controllers/service/build"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// world is a simulated cloud, a controller, and a part of the API server: a
// namespace, a Network, and the Nodes whose names begin with its name.
type world struct {
	*testing.T
	place
	cloud string // its name
	name  string
	api   client.Client
	cfg   loadbalancer.Config
	// withoutClass: Services without a class are ours too.
	withoutClass bool
	stop         func()
	guard        *guard
}

// quickly is the least time between two tries or looks of an adapter here.
const quickly = time.Millisecond

// clouds are where each part of the contract is run.
var clouds = map[string]func(*testing.T, options) place{"gcp": newGCE, "aws": newEC2}

// options are how a cloud is arranged.
type options struct {
	// sharedVPC: the network is another project's (Compute Engine).
	sharedVPC bool
	// brief: the cloud lags behind by little, as very many balancers are made.
	brief bool
}

func newWorld(t *testing.T, cloudName, name string, o options) *world {
	t.Helper()
	api, err := client.New(unpaced(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, place: clouds[cloudName](t, o), cloud: cloudName, name: strings.ToLower(cloudName + "-" + name), api: api, stop: func() {}, guard: &guard{}}
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.name}})
	w.create(&v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: w.name}, Spec: w.network()})
	balancers := &opened{w.open(t)}
	w.cfg = loadbalancer.Config{
		ClusterID: w.name, Pace: 50 * time.Millisecond, Gather: 10 * time.Millisecond, Again: 100 * time.Millisecond, OrphanGrace: time.Hour, AddressHold: 100 * time.Millisecond, ReadLag: 300 * time.Millisecond,
		OpenBalancers: func(_ context.Context, n *v1alpha1.Network) (lb.Balancers, error) {
			if n.Name != w.name {
				return nil, nil
			}
			return balancers, nil
		},
	}
	w.guard.watch(w)
	t.Cleanup(func() { w.stop() })
	return w
}

// opened can be compared, as what a manager opens.
type opened struct{ lb.Balancers }

var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}()

func unpaced(t testing.TB) *rest.Config {
	cfg := rest.CopyConfig(apiserver.Shared(t).Config)
	cfg.QPS = -1
	return cfg
}

// start runs a controller, in the place of the one before.
func (w *world) start() {
	w.Helper()
	w.stop()
	mgr, err := ctrl.NewManager(unpaced(w), ctrl.Options{
		Scheme: scheme, Logger: logger(), Metrics: server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&corev1.Service{}: {Namespaces: map[string]cache.Config{w.name: {}}},
			&corev1.Node{}:    {Transform: informer.TrimNodeForBalancers},
		}},
	})
	if err != nil {
		w.Fatal(err)
	}
	cfg := w.cfg
	registry := prometheus.NewRegistry()
	cfg.Client, cfg.Metrics = mgr.GetClient(), loadbalancer.NewMetrics(registry)
	cfg.Events = conditions.Recorder{EventRecorder: mgr.GetEventRecorder("vpcnative")}
	cfg.Nodes = func() (out []*corev1.Node) {
		var list corev1.NodeList
		if err := mgr.GetClient().List(context.Background(), &list); err != nil {
			w.Error(err)
		}
		for i := range list.Items {
			if strings.HasPrefix(list.Items[i].Name, w.name+".") {
				out = append(out, &list.Items[i])
			}
		}
		return out
	}
	engine := loadbalancer.New(cfg)
	services := service.New(service.Config{Engine: engine, Client: mgr.GetClient(), Live: namespaced{mgr.GetAPIReader(), w.name}, WithoutClass: w.withoutClass,
		Events: cfg.Events, Metrics: service.NewMetrics(registry), Workers: 16})
	if err := errors.Join(services.Setup(mgr), engine.Setup(mgr)); err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
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

func (w *world) create(o client.Object) {
	w.Helper()
	if err := w.api.Create(context.Background(), o); err != nil {
		w.Fatal(err)
	}
}

func (w *world) delete(o client.Object) {
	w.Helper()
	if err := w.api.Delete(context.Background(), o); err != nil {
		w.Fatal(err)
	}
}

// nodes makes machines and their Nodes, one zone after the other.
func (w *world) nodes(names ...string) {
	w.Helper()
	for i, name := range names {
		w.node(name, i)
	}
}

func (w *world) node(name string, zone int, labels ...string) {
	w.Helper()
	w.addressed(name, w.bare(name, zone, labels...))
}

// bare makes a machine and its Node, which does not have the address yet.
func (w *world) bare(name string, zone int, labels ...string) (address string) {
	w.Helper()
	var providerID string
	w.guard.byHand(func() { providerID, address = w.machine(name, zone) })
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: w.name + "." + name, Labels: map[string]string{}},
		Spec:       corev1.NodeSpec{ProviderID: providerID},
	}
	for _, l := range labels {
		key, value, _ := strings.Cut(l, "=")
		n.Labels[key] = value
	}
	w.create(n)
	return address
}

func (w *world) addressed(name, address string) {
	w.Helper()
	n := &corev1.Node{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Name: w.name + "." + name}, n); err != nil {
		w.Fatal(err)
	}
	before := n.DeepCopy()
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}
	if err := w.api.Status().Patch(context.Background(), n, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) editNode(name string, change func(*corev1.Node)) {
	w.Helper()
	n := &corev1.Node{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Name: w.name + "." + name}, n); err != nil {
		w.Fatal(err)
	}
	before := n.DeepCopy()
	change(n)
	if err := w.api.Patch(context.Background(), n, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) owner(service string) cloud.Owner {
	return cloud.Owner{ClusterID: w.name, Kind: build.OwnerKind, Namespace: w.name, Name: service}
}

// patience is how long what must come to be may take on a busy machine.
const patience = 2 * time.Minute

func (w *world) eventually(check func() error) {
	w.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	w.Fatalf("gave up waiting: %v\nEvents:\n%s\n%s", err, strings.Join(w.eventTexts(w.about()), "\n"), w.guard.String())
}

// about is the Service of a test that is about one; empty for others.
func (w *world) about() string {
	name := w.Name()[strings.LastIndexByte(w.Name(), '/')+1:]
	if w.get(name) == nil {
		return ""
	}
	return name
}

func same[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: %v, want %v", what, got, want)
	}
	return nil
}

// settles waits until no call of the cloud has been made for a while.
func (w *world) settles() {
	w.Helper()
	const still = 300 * time.Millisecond
	calls := func() int { return w.reads() + w.changes() }
	last, since := calls(), time.Now()
	w.eventually(func() error {
		if now := calls(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < still {
			return fmt.Errorf("the cloud is still called, %d times so far", last)
		}
		return nil
	})
}
