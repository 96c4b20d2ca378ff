package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// atATime is how many tests wait at the same time: they wait for the
// controller, and use little of a machine.
const atATime = "24"

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	if err := flag.Set("test.parallel", atATime); err != nil {
		panic(err)
	}
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		panic(err)
	}
	apiserver.Main(m, apiserver.Options{CRDDirs: []string{filepath.Join(root, "deploy", "crds")}})
}

func testScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}

// world is one test's part of the API server: a namespace, a Network, the
// Nodes whose names begin with its name; and a controller on a cloud in memory.
type world struct {
	*testing.T
	name  string
	api   client.Client
	cloud *fake.Cloud
	cfg   loadbalancer.Config
	// withoutClass: Services without a class are ours too.
	withoutClass bool
	stop         func()

	mu     sync.Mutex
	events []string
}

// Eventf has the world record Events.
func (w *world) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, reason+": "+fmt.Sprintf(note, args...))
}

var _ events.EventRecorder = &world{}

func unpaced(t testing.TB) *rest.Config {
	cfg := rest.CopyConfig(apiserver.Shared(t).Config)
	cfg.QPS = -1
	return cfg
}

func newWorld(t *testing.T, nodes ...string) *world {
	t.Parallel()
	api, err := client.New(unpaced(t), client.Options{Scheme: testScheme()})
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ToLower(strings.TrimPrefix(t.Name(), "Test"))
	name = name[:min(len(name), 40)]
	w := &world{T: t, name: name, api: api, cloud: fake.New(), stop: func() {}}
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	w.create(&v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.NetworkSpec{
		GCP:       &v1alpha1.GCPNetwork{Project: "p", Network: "n", Region: "r", Subnetworks: []string{"s"}},
		Supernets: []v1alpha1.CIDR{"10.0.0.0/8"}}})
	for _, n := range nodes {
		w.node(n, "a")
	}
	w.cfg = loadbalancer.Config{
		ClusterID: name, Events: w, Pace: 50 * time.Millisecond, Gather: 10 * time.Millisecond, Again: 50 * time.Millisecond, OrphanGrace: time.Hour, AddressHold: 100 * time.Millisecond,
		OpenBalancers: func(_ context.Context, n *v1alpha1.Network) (lb.Balancers, error) {
			if n.Name != name {
				return nil, nil
			}
			return w.cloud, nil
		},
	}
	t.Cleanup(func() { w.stop() })
	return w
}

// start runs a controller, in the place of the one before.
func (w *world) start() {
	w.Helper()
	w.stop()
	mgr, err := ctrl.NewManager(unpaced(w), ctrl.Options{
		Scheme: testScheme(), Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		Cache:      cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Service{}: {Namespaces: map[string]cache.Config{w.name: {}}}}},
	})
	if err != nil {
		w.Fatal(err)
	}
	cfg := w.cfg
	registry := prometheus.NewRegistry()
	cfg.Client, cfg.Metrics = mgr.GetClient(), loadbalancer.NewMetrics(registry)
	cfg.Nodes = func() (out []*corev1.Node) {
		var list corev1.NodeList
		if err := mgr.GetClient().List(context.Background(), &list); err != nil {
			w.Error(err)
		}
		for i := range list.Items {
			if strings.HasPrefix(list.Items[i].Name, w.name) {
				out = append(out, &list.Items[i])
			}
		}
		return out
	}
	engine := loadbalancer.New(cfg)
	services := New(Config{Engine: engine, Client: mgr.GetClient(), Live: namespaced{mgr.GetAPIReader(), w.name}, WithoutClass: w.withoutClass,
		Events: w, Metrics: NewMetrics(registry)})
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

// namespaced lists the Services of one test.
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

func (w *world) node(name, zone string) *corev1.Node {
	w.Helper()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + "-" + name},
		Spec: corev1.NodeSpec{ProviderID: "gce://p/" + zone + "/" + name}}
	w.create(n)
	return n
}

// service makes one, as the API server has it then.
func (w *world) service(name string, change func(*corev1.Service)) *corev1.Service {
	w.Helper()
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: name, Annotations: map[string]string{loadbalancer.NetworkAnnotation: w.name}},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: ptr.To(v1alpha1.ClassLoadBalancer),
			Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
	if change != nil {
		change(s)
	}
	w.create(s)
	return s
}

func (w *world) owner(service string) cloud.Owner {
	return cloud.Owner{ClusterID: w.name, Kind: "Service", Namespace: w.name, Name: service}
}

// get returns the Service as it is; nil where it is gone.
func (w *world) get(name string) *corev1.Service {
	s := &corev1.Service{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Namespace: w.name, Name: name}, s); err != nil {
		if client.IgnoreNotFound(err) != nil {
			w.Error(err)
		}
		return nil
	}
	return s
}

func (w *world) edit(name string, change func(*corev1.Service)) {
	w.Helper()
	w.wait(func() error {
		s := w.get(name)
		change(s)
		return w.api.Update(context.Background(), s)
	})
}

func (w *world) delete(o client.Object) {
	w.Helper()
	if err := w.api.Delete(context.Background(), o); err != nil {
		w.Fatal(err)
	}
}

func (w *world) wait(check func() error) {
	w.Helper()
	if err := eventually(check); err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.Fatalf("%v\nEvents:\n%s", err, strings.Join(w.events, "\n"))
	}
}

// expect waits for the Service's condition, with as many addresses.
func (w *world) expect(name, reason string, addresses int) {
	w.Helper()
	w.wait(func() error {
		s := w.get(name)
		if s == nil {
			return errors.New("it is gone")
		}
		c := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionLoadBalancer)
		if c == nil || c.Reason != reason || (c.Status == metav1.ConditionTrue) != (reason == v1alpha1.ReasonEnsured) {
			return fmt.Errorf("the condition is %+v, want %s", c, reason)
		}
		if got := len(s.Status.LoadBalancer.Ingress); got != addresses {
			return fmt.Errorf("%d addresses, want %d", got, addresses)
		}
		if held := controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer); addresses > 0 && !held {
			return errors.New("it has addresses and no finalizer")
		}
		return nil
	})
}

// says waits for the Service's condition to say so.
func (w *world) says(name, text string) {
	w.Helper()
	w.wait(func() error {
		c := meta.FindStatusCondition(w.get(name).Status.Conditions, v1alpha1.ConditionLoadBalancer)
		if c == nil || !strings.Contains(c.Message, text) {
			return fmt.Errorf("the condition is %+v, and does not say %q", c, text)
		}
		return nil
	})
}

func (w *world) event(text string) {
	w.Helper()
	w.wait(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !slices.ContainsFunc(w.events, func(e string) bool { return strings.Contains(e, text) }) {
			return fmt.Errorf("no Event says %q", text)
		}
		return nil
	})
}

// left waits until the Service has so many resources.
func (w *world) left(service string, n int) {
	w.Helper()
	w.wait(func() error {
		if got := w.cloud.Of(w.owner(service)); len(got) != n {
			return fmt.Errorf("%s has %d resources, want %d: %v", service, len(got), n, got)
		}
		return nil
	})
}

// one returns the Service's resource of a kind.
func (w *world) one(service, kind string) lb.Resource {
	for _, r := range w.cloud.Of(w.owner(service)) {
		if r.Kind == kind {
			return r
		}
	}
	return lb.Resource{}
}

// members waits for what is in the pools of all nodes.
func (w *world) members(want string) {
	w.Helper()
	w.wait(func() error {
		var got []string
		for _, r := range w.cloud.Of(lb.SetOwner(w.name, loadbalancer.AllNodes)) {
			w.cloud.With(func() {
				for _, id := range w.cloud.Held[r.Ref] {
					got = append(got, strings.TrimPrefix(id, "gce://p/"))
				}
			})
		}
		slices.Sort(got)
		if text := strings.Join(got, " "); text != want {
			return fmt.Errorf("members are %q, want %q", text, want)
		}
		return nil
	})
}

// aWhile is how long nothing happens where nothing more is to come.
const aWhile = 300 * time.Millisecond

// still returns the calls that are made over a while in which none should be.
func (w *world) still() (reads, changes int) {
	w.cloud.Counts()
	time.Sleep(aWhile)
	return w.cloud.Counts()
}

// settles waits until no call has been made for a while.
func (w *world) settles() {
	w.Helper()
	w.wait(func() error {
		if reads, changes := w.still(); reads+changes > 0 {
			return fmt.Errorf("%d reads and %d changes in the last %s", reads, changes, aWhile)
		}
		return nil
	})
}

// patience is how long what must come to be may take on a busy machine.
const patience = 2 * time.Minute

// eventually waits for check to be content; its error otherwise.
func eventually(check func() error) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return nil
		}
	}
	return errors.Join(errors.New("gave up waiting"), err)
}
