package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
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
