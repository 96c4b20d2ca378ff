package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	restfake "k8s.io/client-go/rest/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// world is an API server, a cloud and a ledger, as far as the controller
// sees them, and a record of what must not happen. Time is the test's own.
type world struct {
	t     *testing.T
	store *claimstest.Store

	mu               sync.Mutex
	rnd              *rand.Rand
	faults           int                    // in percent, of each call
	conflicts        int                    // that many writes of Nodes meet another writer's
	others           map[string]error       // Networks without machines, and why their interfaces cannot be listed
	places           map[string]cloud.Place // where they are; that of default is zero
	closed           bool                   // the Network cannot be opened
	nodes            map[string]*corev1.Node
	cached           map[string]*corev1.Node // as the watch shows them, which lags
	requests         []v1alpha1.RangeRequest
	network          v1alpha1.Network // the default one
	instances        map[string]*instance
	operations       map[string]func() error
	serial           int
	leader           *process
	left             map[netip.Prefix]departure
	past             map[string][]version                                    // of each VM
	gets             int                                                     // looks at single VMs so far
	lists            int                                                     // and at all of them
	old              func(id string) (i cloud.Interface, err error, is bool) // stale looks by hand
	heard            chan string                                             // the Events; nil: nobody looks
	inFlight         int                                                     // how many changes at once; 0: as many as by default
	pairs            netip.Prefix                                            // what IPv6 prefixes are attached out of; not valid: they are delegated
	limit            cloud.Limit                                             // of every interface
	traits           cloud.Traits                                            // of the cloud
	used             []netip.Prefix                                          // single addresses in the subnet
	script           func(act, instance string, p netip.Prefix) error        // faults by hand
	refuseConditions func() bool                                             // whether the API server fails to write conditions
	reported         map[string]int                                          // how often each Node's conditions were written
}

type instance struct {
	prefixes  []netip.Prefix
	uid       string
	born      netip.Prefix // what it was created with
	delegated netip.Prefix // its IPv6, where it has one
	subnet    string
	version   int // of what it carries
}

// version is what the cloud showed of a VM from then on; nil: no such VM.
type version struct {
	at    time.Time
	shown *cloud.Interface
}

// oldest is how old what the cloud shows of an instance may be: less than
// the controller's Staleness.
const oldest = 4 * time.Second

// subnetOf gives the subnet whose range the prefix lies in.
func (w *world) subnetOf(p netip.Prefix) string {
	for _, r := range w.requests {
		for _, g := range r.Status.Ranges {
			if netip.MustParsePrefix(g.CIDR).Overlaps(p) {
				return g.Subnet
			}
		}
	}
	return ""
}

// remember notes that a VM has changed.
func (w *world) remember(id string) {
	v := version{at: time.Now()}
	if i := w.instances[id]; i != nil {
		i.version++
		shown := w.view(id, i)
		v.shown = &shown
	}
	w.past[id] = append(w.past[id], v)
}

// stale gives what the cloud showed of a VM a while ago. It may lack what is
// there, and shows nothing that is no longer there: whom a look shows with
// its prefix is believed at once.
func (w *world) stale(id string) (cloud.Interface, error) {
	then := time.Now().Add(-time.Duration(w.rnd.Int64N(int64(oldest))))
	var was version
	for _, v := range w.past[id] {
		if !v.at.After(then) {
			was = v
		}
	}
	if was.shown == nil {
		return cloud.Interface{}, fault(cloud.NotFound)
	}
	now, shown := w.instancesOf(id), *was.shown
	all := shown.Attachments
	shown.Attachments = nil
	for _, a := range all {
		for _, p := range prefix.Intersect([]netip.Prefix{a.Prefix}, now.prefixes) {
			shown.Attachments = append(shown.Attachments, cloud.Attachment{Prefix: p, Range: a.Range})
		}
	}
	return shown, nil
}

// holds tells whether all of a prefix is on the VM's interface.
func (i *instance) holds(p netip.Prefix) bool { return prefix.Within(i.prefixes, p) }

// departure is when a prefix was last seen with an instance.
type departure struct {
	instance string
	at       time.Time
	by       *process // who led then
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, store: &claimstest.Store{}, rnd: rand.New(rand.NewPCG(seed, 5)),
		nodes: map[string]*corev1.Node{}, cached: map[string]*corev1.Node{},
		instances: map[string]*instance{}, operations: map[string]func() error{}, left: map[netip.Prefix]departure{}, past: map[string][]version{}, reported: map[string]int{}}
	w.network.Name = v1alpha1.DefaultNetwork
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods", UID: "r"}}
	size := intstr.FromInt32(28)
	r.Spec.Purpose, r.Spec.NodePrefixLength = v1alpha1.Pods, &size
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/24", Subnet: "nodes", Name: "vn-pods"}}
	w.requests = []v1alpha1.RangeRequest{r}
	w.store.SetHook(func(context.Context, string, claimstest.Moment) error { return w.dice() })
	return w
}

var errDice = errors.New("bad luck")

func (w *world) dice() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unlucky()
}

func (w *world) unlucky() error {
	if w.rnd.IntN(100) < w.faults {
		return errDice
	}
	return nil
}

// dual makes the request one for both families, in that order.
func (w *world) dual(families ...v1alpha1.Family) {
	w.requests[0].Spec.IPFamilies = families
}

// freeIPv6 gives the first IPv6 prefix that no VM has, where VMs have any.
// The cloud lets none rest.
func (w *world) freeIPv6() netip.Prefix {
	if len(w.requests[0].Spec.IPFamilies) < 2 || w.pairs.IsValid() {
		return netip.Prefix{}
	}
	taken := map[netip.Prefix]bool{}
	for _, i := range w.instances {
		taken[i.delegated] = true
	}
	for n := 0; ; n++ {
		if p := netip.MustParsePrefix(fmt.Sprintf("fd20:0:1:2:0:%x::/112", n)); !taken[p] {
			return p
		}
	}
}

// addNode makes a VM and its Node.
func (w *world) addNode(name string) *corev1.Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.instances["vm-"+name] == nil {
		w.createVM(name, netip.Prefix{})
	}
	w.serial++
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(fmt.Sprintf("%s-%d", name, w.serial)), CreationTimestamp: metav1.Now()}}
	n.Spec.ProviderID = "vm-" + name
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("8")}
	w.nodes[name] = n
	w.changed(name)
	return n
}

// createVM makes a VM, with an alias range of its own where born is valid.
func (w *world) createVM(name string, born netip.Prefix) {
	w.serial++
	i := &instance{uid: fmt.Sprint(w.serial), born: born, delegated: w.freeIPv6(), subnet: "nodes"}
	if born.IsValid() {
		i.prefixes = []netip.Prefix{born}
	}
	w.instances["vm-"+name] = i
	w.remember("vm-" + name)
}

// recreateVM replaces a VM by another of the same name. Its IPv6 is a
// reserved one; what comes of one that changes has tests of its own.
func (w *world) recreateVM(name string) {
	for _, p := range w.instancesOf("vm-" + name).prefixes {
		w.departed(p, "vm-"+name)
	}
	delegated := w.instances["vm-"+name].delegated
	w.createVM(name, netip.Prefix{})
	w.instances["vm-"+name].delegated = delegated
	w.remember("vm-" + name)
}

func (w *world) deleteNode(name string, vm bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if vm {
		for _, p := range w.instancesOf("vm-" + name).prefixes {
			w.departed(p, "vm-"+name)
		}
		delete(w.instances, "vm-"+name)
		w.remember("vm-" + name)
	}
	delete(w.nodes, name)
	w.changed(name)
}

func (w *world) instancesOf(id string) *instance {
	if i := w.instances[id]; i != nil {
		return i
	}
	return &instance{}
}

func (w *world) departed(p netip.Prefix, from string) {
	w.left[p] = departure{instance: from, at: time.Now()}
	if w.leader.c.allocator.Has(allocator.Key{Request: "pods", Subnet: "nodes"}) { // what goes while nobody looks cannot be known to rest
		w.left[p] = departure{from, time.Now(), w.leader}
	}
}

// changed lets the watch tell of a Node, some time later.
func (w *world) changed(name string) {
	go func(lag time.Duration) {
		time.Sleep(lag)
		w.mu.Lock()
		if n := w.nodes[name]; n != nil {
			o, _ := informer.TrimNode(n.DeepCopy())
			w.cached[name] = o.(*corev1.Node)
		} else {
			delete(w.cached, name)
		}
		m := w.leader
		w.mu.Unlock()
		if m != nil {
			m.c.enqueue(name)
		}
	}(time.Duration(w.rnd.IntN(300)) * time.Millisecond)
}

// reader is the API server, or its cache.
type reader struct {
	client.Client
	w     *world
	stale bool
}

func (r reader) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if o, ok := o.(*v1alpha1.RangeRequest); ok {
		for _, x := range r.w.requests {
			if x.Name == key.Name {
				x.DeepCopyInto(o)
				return nil
			}
		}
		return apierrors.NewNotFound(schema.GroupResource{Resource: "rangerequests"}, key.Name)
	}
	from := r.w.cached
	if !r.stale {
		if err := r.w.unlucky(); err != nil {
			return err
		}
		from = r.w.nodes
	}
	n := from[key.Name]
	if n == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "nodes"}, key.Name)
	}
	n.DeepCopyInto(o.(*corev1.Node))
	return nil
}

func (r reader) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if !r.stale {
		if err := r.w.unlucky(); err != nil {
			return err
		}
	}
	o := client.ListOptions{}
	o.ApplyOptions(opts)
	switch list := list.(type) {
	case *v1alpha1.RangeRequestList:
		for _, x := range r.w.requests {
			list.Items = append(list.Items, *x.DeepCopy())
		}
	case *v1alpha1.NetworkList:
		list.Items = []v1alpha1.Network{*r.w.network.DeepCopy()}
		for name := range r.w.others {
			list.Items = append(list.Items, v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
	case *corev1.NodeList:
		from := r.w.nodes
		if r.stale {
			from = r.w.cached
		}
		for _, n := range from {
			if o.FieldSelector == nil || o.FieldSelector.String() == indexInstance+"="+instanceIndex(n.Spec.ProviderID) {
				list.Items = append(list.Items, *n.DeepCopy())
			} else if slices.ContainsFunc(podCIDRIndex(n), func(part string) bool { return o.FieldSelector.String() == indexPodCIDR+"="+part }) {
				list.Items = append(list.Items, *n.DeepCopy())
			}
		}
	}
	return nil
}

// Patch changes annotations of the Network.
func (r reader) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if err := r.w.unlucky(); err != nil {
		return err
	}
	if o.GetName() == r.w.network.Name {
		r.w.network.Annotations = maps.Clone(o.GetAnnotations())
	}
	return nil
}

func (r reader) Status() client.SubResourceWriter { return status{w: r.w} }

// status writes the conditions of requests.
type status struct {
	client.SubResourceWriter
	w *world
}

func (s status) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if err := s.w.unlucky(); err != nil {
		return err
	}
	if n, is := o.(*v1alpha1.Network); is {
		if n.Name == s.w.network.Name {
			s.w.network.Status = *n.Status.DeepCopy()
		}
		return nil
	}
	for i := range s.w.requests {
		if s.w.requests[i].Name == o.GetName() {
			s.w.requests[i].Status.Conditions = o.(*v1alpha1.RangeRequest).Status.Conditions
			s.w.requests[i].Status.ObservedNodes = o.(*v1alpha1.RangeRequest).Status.ObservedNodes
		}
	}
	return nil
}

// condition gives the status and the reason of a request's condition.
func (w *world) condition(request, kind string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if cond := meta.FindStatusCondition(r.Status.Conditions, kind); r.Name == request && cond != nil {
			return string(cond.Status) + " " + cond.Reason
		}
	}
	return ""
}

// patch is the API server's part of the Writer.
func (w *world) patch(req *http.Request) (*http.Response, error) {
	answer := func(code int) (*http.Response, error) {
		body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d}`, code)
		return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	var p struct {
		Metadata struct{ UID types.UID }
		Spec     struct {
			PodCIDR  string
			PodCIDRs []string
		}
		Status struct{ Conditions []corev1.NodeCondition }
	}
	if err := json.NewDecoder(req.Body).Decode(&p); err != nil {
		return nil, err
	}
	name := strings.Split(strings.Trim(req.URL.Path, "/"), "/")[1]
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unlucky() != nil || len(p.Status.Conditions) > 0 && w.refuseConditions != nil && w.refuseConditions() {
		return answer(http.StatusInternalServerError)
	}
	n := w.nodes[name]
	if w.conflicts > 0 {
		w.conflicts--
		return answer(http.StatusConflict)
	}
	switch {
	case n == nil:
		return answer(http.StatusNotFound)
	case n.UID != p.Metadata.UID:
		return answer(http.StatusConflict)
	case len(p.Spec.PodCIDRs) > 0 && len(n.Spec.PodCIDRs) > 0 && !slices.Equal(p.Spec.PodCIDRs, n.Spec.PodCIDRs):
		return answer(http.StatusUnprocessableEntity)
	}
	if len(p.Spec.PodCIDRs) > 0 && len(n.Spec.PodCIDRs) == 0 {
		if p.Spec.PodCIDR != p.Spec.PodCIDRs[0] {
			w.t.Errorf("podCIDR is %s, podCIDRs %v", p.Spec.PodCIDR, p.Spec.PodCIDRs)
		}
		w.judgePublished(n, p.Spec.PodCIDRs)
		n.Spec.PodCIDRs = p.Spec.PodCIDRs
	}
	for _, cond := range p.Status.Conditions {
		w.reported[name]++
		n.Status.Conditions = slices.DeleteFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == cond.Type })
		n.Status.Conditions = append(n.Status.Conditions, cond)
	}
	w.changed(name)
	if w.unlucky() != nil {
		return answer(http.StatusInternalServerError) // the reply is lost
	}
	return answer(http.StatusOK)
}

// judgePublished is I1 and I2 at the moment of publishing, and that the
// families are those of the request, in their order.
func (w *world) judgePublished(n *corev1.Node, podCIDRs []string) {
	vm := w.instancesOf(n.Spec.ProviderID)
	var families []v1alpha1.Family
	for _, text := range podCIDRs {
		p := netip.MustParsePrefix(text)
		if p.Addr().Is4() {
			families = append(families, v1alpha1.IPv4)
		} else {
			families = append(families, v1alpha1.IPv6)
		}
		if p != vm.delegated && !vm.holds(p) {
			w.t.Errorf("I2: %s publishes %s, which %s does not carry", n.Name, p, n.Spec.ProviderID)
		}
		for _, other := range w.nodes {
			for _, text := range other.Spec.PodCIDRs {
				if other.Name != n.Name && netip.MustParsePrefix(text).Overlaps(p) {
					w.t.Errorf("I1: %s publishes %s, and %s publishes %s", n.Name, p, other.Name, text)
				}
			}
		}
	}
	if !slices.ContainsFunc(w.requests, func(r v1alpha1.RangeRequest) bool {
		return slices.Equal(families, r.Spec.IPFamilies) || len(r.Spec.IPFamilies) == 0 && len(families) == 1
	}) {
		w.t.Errorf("%s publishes the families %v", n.Name, families)
	}
}

// judgeAttached is I3 at the moment a prefix comes to an instance.
func (w *world) judgeAttached(id string, p netip.Prefix) {
	was, ok := w.left[p]
	if rested := time.Since(was.at); ok && was.instance != id && was.by == w.leader && rested < 2*time.Minute {
		w.t.Errorf("I3: %s comes to %s, %s after it left %s", p, id, rested, was.instance)
	}
}

// nobody is a VPC without machines.
type nobody struct{ err error }

func (n nobody) List(context.Context) iter.Seq2[cloud.Interface, error] {
	return func(yield func(cloud.Interface, error) bool) {
		if n.err != nil {
			yield(cloud.Interface{}, n.err)
		}
	}
}
func (nobody) Get(context.Context, string) (cloud.Interface, error) {
	return cloud.Interface{}, fault(cloud.NotFound)
}
func (nobody) Limit(context.Context, cloud.Interface) (cloud.Limit, error) { return cloud.Limit{}, nil }
func (nobody) ExplainNoIPv6(context.Context, cloud.Interface) error        { return nil }
func (nobody) Attach(context.Context, cloud.Interface, cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, fault(cloud.NotFound)
}
func (nobody) Detach(context.Context, cloud.Interface, cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, fault(cloud.NotFound)
}
func (nobody) Wait(context.Context, cloud.Operation) error { return nil }

// interfaces is the cloud.
type interfaces struct{ w *world }

func fault(r cloud.Reason) error { return &cloud.Error{Reason: r, Act: "act", Err: errDice} }

func (w *world) view(id string, i *instance) cloud.Interface {
	out := cloud.Interface{Instance: id, InstanceUID: i.uid, Subnet: i.subnet, SubnetName: i.subnet, Delegated: i.delegated, Paired: w.paired(), Version: fmt.Sprint(i.version)}
	for _, p := range i.prefixes {
		out.Attachments = append(out.Attachments, cloud.Attachment{Prefix: p, Range: "vn-pods"})
	}
	return out
}

func (f interfaces) List(context.Context) iter.Seq2[cloud.Interface, error] {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.lists++
	err := f.w.unlucky()
	var all []cloud.Interface
	for id, i := range f.w.instances {
		all = append(all, f.w.view(id, i))
	}
	return func(yield func(cloud.Interface, error) bool) {
		if err != nil {
			yield(cloud.Interface{}, fault(cloud.Unavailable))
			return
		}
		for _, i := range all {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (f interfaces) Get(_ context.Context, id string) (cloud.Interface, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if f.w.unlucky() != nil {
		return cloud.Interface{}, fault(cloud.Unavailable)
	}
	f.w.gets++
	if f.w.old != nil {
		if i, err, is := f.w.old(id); is {
			return i, err
		}
	}
	if f.w.unlucky() != nil {
		return f.w.stale(id)
	}
	i := f.w.instances[id]
	if i == nil {
		return cloud.Interface{}, fault(cloud.NotFound)
	}
	return f.w.view(id, i), nil
}

// space is the subnet of the VMs, where ranges lie inside it.
type space struct{ w *world }

func (s space) Read(context.Context) (cloud.Snapshot, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return cloud.Snapshot{Traits: s.w.traits, Subnets: []cloud.Subnet{{Name: "nodes", Used: slices.Clone(s.w.used)}}}, nil
}

func (f interfaces) Limit(context.Context, cloud.Interface) (cloud.Limit, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	return f.w.limit, nil
}

func (f interfaces) ExplainNoIPv6(_ context.Context, i cloud.Interface) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if f.w.instancesOf(i.Instance).delegated.IsValid() || f.w.pairs.IsValid() {
		return fault(cloud.Stale)
	}
	return &cloud.Error{Reason: cloud.NotFound, Act: "find the IPv6 range", Resource: i.Instance, Remedy: "make it dual stack"}
}

func (f interfaces) Attach(_ context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return f.change("attach", i, a.Prefix, func() error {
		for id, other := range f.w.instances {
			for _, p := range other.prefixes {
				if id != i.Instance && (p.Overlaps(a.Prefix) || p == a.IPv6) {
					return fault(cloud.Conflict)
				}
			}
		}
		vm := f.w.instances[i.Instance]
		if vm == nil || vm.uid != i.InstanceUID {
			return fault(cloud.NotFound)
		}
		for n, p := range both(a.IPv6, a.Prefix) {
			if n > 0 && f.w.unlucky() != nil {
				return fault(cloud.Unavailable)
			}
			if f.w.traits.Grows && p.Addr().Is4() { // it is the pieces that are missing
				f.w.judgeAttached(i.Instance, p)
				vm.prefixes = prefix.Normalise(append(vm.prefixes, p))
				f.w.remember(i.Instance)
			} else if !slices.Contains(vm.prefixes, p) {
				if p == a.Prefix || vm.born != a.Prefix { // what goes with a prefix of somebody's choice rests as little
					f.w.judgeAttached(i.Instance, p)
				}
				vm.prefixes = append(vm.prefixes, p)
				f.w.remember(i.Instance)
			}
		}
		return nil
	})
}

func (f interfaces) Detach(_ context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return f.change("detach", i, a.Prefix, func() error {
		vm := f.w.instances[i.Instance]
		if vm == nil {
			return fault(cloud.NotFound)
		}
		for _, n := range f.w.nodes {
			if slices.Contains(n.Spec.PodCIDRs, a.Prefix.String()) {
				f.w.t.Errorf("%s was detached, which node %s publishes", a.Prefix, n.Name)
			}
		}
		if vm.born.IsValid() && vm.born.Overlaps(a.Prefix) {
			f.w.t.Errorf("I4: %s was taken off %s, which was created with it", a.Prefix, i.Instance)
		}
		if vm.uid != i.InstanceUID {
			return fault(cloud.NotFound)
		}
		for n, gone := range both(a.Prefix, a.IPv6) {
			if n > 0 && f.w.unlucky() != nil {
				return fault(cloud.Unavailable)
			}
			if f.w.traits.Grows && gone.Addr().Is4() {
				vm.prefixes = prefix.Subtract(vm.prefixes, []netip.Prefix{gone})
				f.w.departed(gone, i.Instance)
				f.w.remember(i.Instance)
			} else if slices.Contains(vm.prefixes, gone) {
				vm.prefixes = slices.DeleteFunc(vm.prefixes, func(p netip.Prefix) bool { return p == gone })
				f.w.departed(gone, i.Instance)
				f.w.remember(i.Instance)
			}
		}
		return nil
	})
}

// both are those of the two that are valid: they come and go one by one.
func both(first, then netip.Prefix) (out []netip.Prefix) {
	for _, p := range []netip.Prefix{first, then} {
		if p.IsValid() {
			out = append(out, p)
		}
	}
	return out
}

// change makes a change at once, later, or with its reply lost.
func (f interfaces) change(act string, i cloud.Interface, p netip.Prefix, do func() error) (cloud.Operation, error) {
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.script != nil {
		if err := w.script(act, i.Instance, p); err != nil {
			return cloud.Operation{}, err
		}
	}
	if vm := w.instances[i.Instance]; vm != nil && fmt.Sprint(vm.version) != i.Version {
		return cloud.Operation{}, fault(cloud.Stale)
	}
	if vm := w.instances[i.Instance]; act == "attach" && vm != nil && vm.subnet != w.subnetOf(p) {
		return cloud.Operation{}, fault(cloud.Invalid)
	}
	if w.unlucky() != nil {
		return cloud.Operation{}, fault([]cloud.Reason{cloud.Unavailable, cloud.Throttled, cloud.Stale, cloud.QuotaExceeded}[w.rnd.IntN(4)])
	}
	lost := w.unlucky() != nil
	w.serial++
	op := cloud.Operation{ID: fmt.Sprint(w.serial), Act: act}
	took := time.Duration(w.rnd.IntN(4000)) * time.Millisecond
	ended := make(chan struct{})
	var err error
	go func() {
		time.Sleep(took)
		w.mu.Lock()
		defer w.mu.Unlock()
		err = do()
		close(ended)
	}()
	w.operations[op.ID] = func() error { <-ended; return err }
	if lost {
		return cloud.Operation{}, fault(cloud.OutcomeUnknown)
	}
	return op, nil
}

func (f interfaces) Wait(ctx context.Context, op cloud.Operation) error {
	f.w.mu.Lock()
	wait, lost := f.w.operations[op.ID], f.w.unlucky() != nil
	f.w.mu.Unlock()
	err := wait()
	if lost || ctx.Err() != nil {
		return fault(cloud.OutcomeUnknown)
	}
	return err
}

// answeredBy is a client of core/v1 whose requests a function answers.
func answeredBy(t *testing.T, answer func(*http.Request) (*http.Response, error)) rest.Interface {
	version := corev1.SchemeGroupVersion
	c, err := rest.NewRESTClient(&url.URL{Scheme: "https", Host: "localhost"}, "", rest.ClientContentConfig{
		ContentType: runtime.ContentTypeJSON, GroupVersion: version, Negotiator: runtime.NewClientNegotiator(scheme.Codecs.WithoutConversion(), version),
	}, nil, restfake.CreateHTTPClient(answer))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

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

// published gives what a Node publishes.
func (w *world) published(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.nodes[name]; n != nil && len(n.Spec.PodCIDRs) > 0 {
		return n.Spec.PodCIDRs[0]
	}
	return ""
}

// reason gives why a Node waits.
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

// pairing numbers an /80 of the block by the last 16 bits of an IPv4 prefix.
type pairing netip.Prefix

func (x pairing) IPv6For(p netip.Prefix) netip.Prefix {
	six, four := netip.Prefix(x).Addr().As16(), p.Addr().As4()
	six[8], six[9] = four[2], four[3]
	return netip.PrefixFrom(netip.AddrFrom16(six), 80)
}

func (w *world) paired() cloud.Pairing {
	if !w.pairs.IsValid() {
		return nil
	}
	return pairing(w.pairs)
}
