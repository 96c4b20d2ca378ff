package e2e

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patience is how long a story waits for what it expects.
const patience = 3 * time.Minute

var leaseKind = schema.GroupVersionKind{Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"}

type command = func(ts *testscript.TestScript, neg bool, args []string)

// commands are what a story can do; docs/testing.md lists them.
func commands() map[string]command {
	return map[string]command{
		"ranges-disjoint":  cmdRangesDisjoint,
		"cluster":          cmdCluster,
		"manager":          cmdManager,
		"refused-by-cloud": cmdRefusedByCloud,
		"apply":            cmdApply,
		"refused":          cmdRefused,
		"delete":           cmdDelete,
		"vm":               cmdVM,
		"stack":            cmdStack,
		"alias":            cmdAlias,
		"node":             cmdNode,
		"expect":           cmdExpect,
		"event":            cmdEvent,
		"on-vm":            cmdOnVM,
		"fault":            cmdFault,
		"route":            cmdRoute,
		"routes":           cmdRoutes,
		"ranges":           cmdRanges,
		"quiet":            cmdQuiet,
		"sleep":            cmdSleep,
		"settled":          cmdSettled,
		"quota":            cmdQuota,
		"hidden":           cmdHidden,
		"beyond":           cmdBeyond,
		"latency":          cmdLatency,
		"cloud-empty":      cmdCloudEmpty,
		"exits":            cmdExits,
		"podcidrs":         cmdPodCIDRs,
		"save":             cmdSave,
		"provide":          cmdProvide,
		"service":          cmdService,
		"fill":             cmdFill,
		"drain":            cmdDrain,
		"pod":              cmdPod,
		"attached":         cmdAttached,

		"vpcnative": cmdVPCNative,
		"balancing": cmdBalancing,

		"service-cidr-controller":   cmdServiceCIDRController,
		"endpoint-slice-controller": cmdEndpointSliceController,
		"routetable":                cmdRouteTable,
		"firewall":                  cmdFirewall,
		"rules":                     cmdRules,
		"proxies":                   cmdProxies,
		"subnet":                    cmdSubnet,
		"nodeipam":                  cmdNodeIPAM,
	}
}

// worldOf gives the cluster that the story acts in.
func worldOf(ts *testscript.TestScript) *World { return clustersOf(ts).now }

func clustersOf(ts *testscript.TestScript) *clusters { return ts.Value(worldKey{}).(*clusters) }

type worldKey struct{}

func options(ts *testscript.TestScript, args []string) map[string]string {
	out := map[string]string{}
	for _, a := range args {
		k, v, ok := strings.Cut(a, "=")
		if !ok {
			ts.Fatalf("%q is no key=value", a)
		}
		out[k] = v
	}
	return out
}

func or(v, fallback string) string {
	if v == "" {
		return fallback
	}
	return v
}

// manager start|stop|kill|pause|resume NAME [flags]
func cmdManager(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	var err error
	switch verb, name := args[0], args[1]; verb {
	case "start":
		err = w.StartManager(name, args[2:]...)
	case "stop":
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err = w.managers[name].Stop(ctx)
	case "kill":
		err = w.crash(context.Background(), name)
	case "pause":
		err = w.Signal(name, syscall.SIGSTOP)
	case "resume":
		err = w.Signal(name, syscall.SIGCONT)
	default:
		ts.Fatalf("manager %s?", verb)
	}
	ts.Check(err)
}

// exits NAME TEXT: the manager ends by itself, and its log has the text.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	p := worldOf(ts).managers[args[0]]
	select {
	case <-p.Done():
	case <-time.After(patience):
		ts.Fatalf("manager %s runs on", args[0])
	}
	if err := p.Err(); err == nil || !regexp.MustCompile(args[1]).MatchString(err.Error()) {
		ts.Fatalf("manager %s ended with: %v", args[0], err)
	}
}

// vm add|delete NAME [subnet=S] [alias=RANGE:CIDR] [zone=Z] [stack=dual]
func cmdVM(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "delete" {
		ts.Check(worldOf(ts).Cloud.Delete(args[1]))
		return
	}
	cloud := worldOf(ts).Cloud
	ts.Check(cloud.Add(args[1], options(ts, args[2:])))
	ts.Setenv("VM_"+args[1], cloud.ID(args[1]))
}

// alias NAME [CIDR...]: by hand, what the VM carries.
func cmdAlias(ts *testscript.TestScript, _ bool, args []string) {
	var list []netip.Prefix
	for _, cidr := range args[1:] {
		list = append(list, netip.MustParsePrefix(cidr))
	}
	// An operation may be under way on the VM.
	ts.Check(Eventually(patience, func() error { return worldOf(ts).Cloud.Carry(args[0], list...) }))
}

// node NAME [pods=N] [provider=ID|none] [labels=k:v] [podcidr=C]
func cmdNode(ts *testscript.TestScript, _ bool, args []string) {
	o := options(ts, args[1:])
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: args[0], Labels: map[string]string{}}}
	if l := o["labels"]; l != "" {
		k, v, _ := strings.Cut(l, ":")
		n.Labels[k] = v
	}
	n.Spec.ProviderID = or(o["provider"], worldOf(ts).Cloud.ProviderID(args[0]))
	if n.Spec.ProviderID == "none" {
		n.Spec.ProviderID = ""
	}
	if c := o["podcidr"]; c != "" {
		n.Spec.PodCIDR, n.Spec.PodCIDRs = c, []string{c}
	}
	for _, m := range worldOf(ts).Cloud.Machines() {
		if m.Name == args[0] && m.ProviderID == n.Spec.ProviderID && m.IP.IsValid() {
			n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: m.IP.String()}}
		}
	}
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(or(o["pods"], "110"))}
	ts.Check(worldOf(ts).API.Create(context.Background(), n))
}

// provide NAME: sets the Node's provider ID, as the cloud controller does.
func cmdProvide(ts *testscript.TestScript, _ bool, args []string) {
	api, n := worldOf(ts).API, &corev1.Node{}
	ts.Check(api.Get(context.Background(), client.ObjectKey{Name: args[0]}, n))
	patch := client.MergeFrom(n.DeepCopy())
	n.Spec.ProviderID = worldOf(ts).Cloud.ProviderID(args[0])
	ts.Check(api.Patch(context.Background(), n, patch))
}
