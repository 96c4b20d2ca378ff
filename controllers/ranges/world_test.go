package ranges

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/controllers/vpc"
)

// world is the controller between a fake API server and a VPC of a few maps,
// which fails as it is told to.
type world struct {
	t       *testing.T
	c       *Controller
	api     client.Client
	now     time.Time
	subnets []string
	full    string // the subnet that takes no more ranges
	ranges  []cloud.Range
	made    []cloud.Subnet // for new nodes
	carried []cloud.Interface
	nodes   []*corev1.Node // of the cache
	waiting []carve.Waiter
	pool    func(netip.Prefix) Pool
	fail    []error      // of the next creates and deletes; nil succeeds
	half    bool         // what fails is done all the same
	during  func()       // happens during the next create
	calls   int          // creates and deletes
	hidden  netip.Prefix // somebody has it, which no reading shows
	asked   map[netip.Prefix]int
	events  *events.FakeRecorder
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default", Finalizers: []string{v1alpha1.Finalizer}}}
	n.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/16"}
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(append(objects, n)...).
		WithStatusSubresource(&v1alpha1.RangeRequest{}, &v1alpha1.Network{}).Build()
	w := &world{t: t, api: api, now: noon, subnets: []string{"a"}, events: events.NewFakeRecorder(100)}
	w.pool = func(netip.Prefix) Pool { return Pool{Known: true, Given: true} }
	w.restart()
	return w
}

// restart forgets what is in memory.
func (w *world) restart() {
	open := func(context.Context, *v1alpha1.Network) (cloud.VPC, error) {
		return cloud.VPC{Space: w, Ranges: w, Interfaces: interfaces{w: w}, NewSpace: newSpace{w: w}}, nil
	}
	w.c = New(Config{
		Client: w.api, Live: w.api, ClusterID: clusterID, Events: w.events,
		Metrics: NewMetrics(prometheus.NewRegistry()),
		Nodes:   func() []*corev1.Node { return w.nodes },
		OpenVPC: open, Space: vpc.New(vpc.Config{Open: open, Now: never}),
		Pools: w, Now: func() time.Time { return w.now },
	})
}

// never is a clock by which no reading of the VPC is new enough for a second
// caller.
func never() time.Time { return time.Time{} }

func (w *world) Waiting() []carve.Waiter  { return w.waiting }
func (w *world) Look(p netip.Prefix) Pool { return w.pool(p) }

func (w *world) Read(context.Context) (cloud.Snapshot, error) {
	var s cloud.Snapshot
	for _, name := range w.subnets {
		sub := cloud.Subnet{Name: name, MaxRanges: 170}
		for _, r := range w.ranges {
			if r.Subnet == name {
				sub.Ranges = append(sub.Ranges, r)
			}
		}
		if name == w.full {
			sub.Ranges, sub.MaxRanges = append(sub.Ranges, cloud.Range{Subnet: name, Name: "theirs", Prefix: netip.MustParsePrefix("192.168.0.0/24")}), 1
		}
		s.Subnets = append(s.Subnets, sub)
	}
	s.Subnets = append(s.Subnets, w.made...)
	for _, r := range w.ranges {
		s.Occupied = append(s.Occupied, cloud.Occupied{Prefix: r.Prefix, Kind: cloud.SecondaryRange, Name: r.Name, Mark: cloud.ParseMark(r.Name)})
	}
	return s, nil
}

// next is how the next change of the VPC ends.
func (w *world) next() error {
	w.calls++
	if len(w.fail) == 0 {
		return nil
	}
	err := w.fail[0]
	w.fail = w.fail[1:]
	return err
}

// named fails the test unless the API server has a request that names the range:
// nothing comes to be that no object names, whatever happens next.
func (w *world) named(r cloud.Range) {
	w.t.Helper()
	var all v1alpha1.RangeRequestList
	if err := w.api.List(context.Background(), &all); err != nil {
		w.t.Fatal(err)
	}
	if !slices.ContainsFunc(all.Items, func(x v1alpha1.RangeRequest) bool {
		return slices.ContainsFunc(x.Status.Ranges, func(g v1alpha1.GrantedRange) bool {
			return g.CIDR == r.Prefix.String() && g.Name == r.Name && g.Subnet == r.Subnet
		})
	}) {
		w.t.Errorf("%v is made, and no status names it", r)
	}
}

func (w *world) Create(_ context.Context, r cloud.Range) error {
	w.named(r)
	if do := w.during; do != nil {
		w.during = nil
		do()
	}
	err := w.next()
	if err != nil && !w.half {
		return err
	}
	if slices.Contains(w.ranges, r) {
		return err
	}
	if w.asked == nil {
		w.asked = map[netip.Prefix]int{}
	}
	w.asked[r.Prefix]++
	if w.hidden.IsValid() && w.hidden.Overlaps(r.Prefix) {
		return &cloud.Error{Reason: cloud.Conflict, Act: "create", Err: errors.New("conflicts with peer network of peer network")}
	}
	for _, x := range w.ranges {
		if x.Prefix.Overlaps(r.Prefix) || x.Name == r.Name && x.Subnet == r.Subnet {
			return &cloud.Error{Reason: cloud.Conflict, Act: "create", Err: fmt.Errorf("%s is there", x.Name)}
		}
	}
	w.ranges = append(w.ranges, r)
	return err
}

func (w *world) Delete(_ context.Context, r cloud.Range) error {
	err := w.next()
	if err != nil && !w.half {
		return err
	}
	w.ranges = slices.DeleteFunc(w.ranges, func(x cloud.Range) bool { return x == r })
	return err
}

// newSpace removes subnets; nothing else is asked of it.
type newSpace struct {
	cloud.NewSpace
	w *world
}

func (s newSpace) RemoveSubnet(_ context.Context, n cloud.NewSubnet) error {
	if err := s.w.next(); err != nil {
		return err
	}
	s.w.made = slices.DeleteFunc(s.w.made, func(x cloud.Subnet) bool {
		return x.Made == n.Name && x.Zone == n.Zone && x.Primary == n.Prefix
	})
	return nil
}

// interfaces lists what instances carry; nothing else is asked of it.
type interfaces struct {
	cloud.Interfaces
	w *world
}

func (i interfaces) List(context.Context) iter.Seq2[cloud.Interface, error] {
	return func(yield func(cloud.Interface, error) bool) {
		for _, nic := range i.w.carried {
			if !yield(nic, nil) {
				return
			}
		}
	}
}

func failed(r cloud.Reason) error {
	return &cloud.Error{Reason: r, Act: "change the subnet", Err: errors.New("the cloud said so")}
}

func (w *world) reconcile(name string) reconcile.Result {
	w.t.Helper()
	again, err := w.c.Reconcile(context.Background(), reconcile.Request{NamespacedName: client.ObjectKey{Name: name}})
	if err != nil {
		w.t.Fatal(err)
	}
	return again
}

func (w *world) get(name string) *v1alpha1.RangeRequest {
	w.t.Helper()
	r := &v1alpha1.RangeRequest{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Name: name}, r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// cidrs returns the request's ranges, with a sign for those that leave, and those
// that are only claimed.
func (w *world) cidrs(name string) (out []string) {
	for _, g := range w.get(name).Status.Ranges {
		if g.Leaving {
			g.CIDR += " leaves"
		}
		if g.Claimed() {
			g.CIDR += " claimed"
		}
		out = append(out, g.CIDR)
	}
	return out
}

func (w *world) reason(name, condition string) string {
	c := meta.FindStatusCondition(w.get(name).Status.Conditions, condition)
	if c == nil {
		return ""
	}
	return c.Reason
}

// want fails the test unless the request has these ranges and reason of
// Ready, and the VPC as many ranges.
func (w *world) want(name, reason string, inVPC int, cidrs ...string) {
	w.t.Helper()
	if got := w.cidrs(name); !slices.Equal(got, cidrs) {
		w.t.Errorf("it has %v, want %v", got, cidrs)
	}
	if got := w.reason(name, v1alpha1.ConditionReady); got != reason {
		w.t.Errorf("Ready is %s, want %s", got, reason)
	}
	if len(w.ranges) != inVPC {
		w.t.Errorf("the VPC has %v, want %d", w.ranges, inVPC)
	}
}

// event fails the test unless there is an Event of that reason since the last
// look.
func (w *world) event(reason string) {
	w.t.Helper()
	var seen []string
	for len(w.events.Events) > 0 {
		seen = append(seen, <-w.events.Events)
	}
	if !slices.ContainsFunc(seen, func(s string) bool { return containsWord(s, reason) }) {
		w.t.Errorf("no Event %s; there are %q", reason, seen)
	}
}

func request(name string, bits int32) *v1alpha1.RangeRequest {
	r := &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name, UID: "uid-pods", Generation: 1}}
	r.Spec.Purpose, r.Spec.IPFamilies, r.Spec.PrefixLength = v1alpha1.Pods, []v1alpha1.Family{v1alpha1.IPv4}, &bits
	return r
}

func growingRequest(name string, bits int32) *v1alpha1.RangeRequest {
	r := request(name, bits)
	r.Spec.Growth = &v1alpha1.Growth{Threshold: 80, WaitingNodes: 1, MaxRanges: 3, ReclaimAfter: ptr.To(v1alpha1.Duration("1h"))}
	return r
}

const clusterID = "b7d3"

// own is the name of the request's index-th range.
func own(index int) string {
	return cloud.Owner{ClusterID: clusterID, Kind: carve.OwnerKind, Name: "pods"}.ObjectName(index)
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func there(cidr, subnet string) []cloud.Range {
	return []cloud.Range{{Subnet: subnet, Name: own(0), Prefix: netip.MustParsePrefix(cidr)}}
}

func node(name, cidr, waitsFor string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if cidr != "" {
		n.Spec.PodCIDRs = []string{cidr}
	}
	if waitsFor != "" {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: waitsFor}}
	}
	return n
}
