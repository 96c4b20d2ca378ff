// Package survive makes objects at random out of the schemas, has a real API
// server judge them, and shows that whatever it takes is survived: every list
// can be read, and no planner panics.
package survive

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/deploy/crds"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

var (
	seed  = flag.Uint64("survive.seed", 0, "seed; 0 takes the time")
	tries = flag.Int("survive.tries", 400, "objects of each kind")
)

// bases are objects that an API server takes.
var bases = map[string][]string{
	"RangeRequest": {
		`{"spec": {"purpose": "Pods", "prefixLength": 20, "nodePrefixLength": "Auto", "growth": {"reclaimAfter": "1h"}, "nodeSelector": {"matchLabels": {"pool": "a"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}}}`,
		`{"spec": {"purpose": "Pods", "capacity": {"nodes": 5, "podsPerNode": 110}, "subnets": ["nodes"], "ipFamilies": ["IPv4", "IPv6"]}}`,
		`{"spec": {"purpose": "Pods", "cidrs": ["10.4.0.0/16"], "nodePrefixLength": 24, "growth": {"prefixLength": 20}}}`,
		`{"spec": {"purpose": "Pods", "attachment": "Routes", "prefixLength": 22, "nodePrefixLength": 26}}`,
		`{"spec": {"purpose": "Pods", "prefixLength": 24, "growth": {}, "newSubnets": {"blocks": ["100.64.0.0/16"], "subnetPrefixLength": 20}}}`,
		`{"spec": {"purpose": "Services", "growth": {"threshold": 80}}}`,
		`{"spec": {"purpose": "Custom", "prefixLength": 24, "deletionPolicy": "Retain"}}`,
		`{"spec": {"purpose": "Proxy"}}`,
	},
	"Network": {
		`{"spec": {"gcp": {"project": "demo", "network": "vpc", "region": "us-central1", "subnetworks": ["nodes"]}, "supernets": ["10.0.0.0/9"], "reserved": [{"cidr": "10.10.0.0/16", "reason": "x"}]}}`,
		`{"spec": {"aws": {"vpcID": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0"]}, "supernets": ["10.0.0.0/9", "172.16.0.0/12"]}}`,
	},
}

// statuses are where what is written to a status begins.
var statuses = map[string]string{
	"RangeRequest": `{"utilization": 5, "nodes": 1, "waitingNodes": 0, "ranges": [{"cidr": "10.4.0.0/16", "subnet": "nodes", "name": "n", "grown": true, "emptySince": "2026-01-02T03:04:05Z"}],
		"newSubnets": {"blocks": [{"cidr": "100.64.0.0/16"}], "subnets": [{"subnet": "subnet-1", "name": "s", "zone": "a", "cidr": "100.64.0.0/20"}]},
		"conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": "2026-01-02T03:04:05Z"}]}`,
	"Network": `{"lastRead": "2026-01-02T03:04:05Z", "free": [{"family": "IPv4", "addresses": "1", "share": 1, "largestBlocks": ["10.0.0.0/9"]}],
		"conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": "2026-01-02T03:04:05Z"}]}`,
}

func TestWhateverTheAPIServerTakesIsSurvived(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	r := rand.New(rand.NewPCG(*seed, 0))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("-survive.seed=%d", *seed)
		}
	})
	s := apiserver.StartForTest(t, apiserver.Options{CRDDirs: []string{filepath.Join("..", "..", "deploy", "crds")}})
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api, err := client.New(s.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"RangeRequest": "vpcnative.dev_rangerequests.yaml", "Network": "vpcnative.dev_networks.yaml"}
	for _, kind := range []string{"Network", "RangeRequest"} {
		file := files[kind]
		props := propertiesOf(t, file)
		spec, status := props.Properties["spec"], props.Properties["status"]
		taken, written := 0, 0
		for i := range *tries {
			u := &unstructured.Unstructured{Object: parsed(t, bases[kind][i%len(bases[kind])])}
			if i >= len(bases[kind]) { // the bases themselves are taken
				u.Object["spec"] = some(r, &spec, u.Object["spec"].(map[string]any))
			}
			u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
			u.SetName(fmt.Sprintf("x%d", i))
			if err := api.Create(context.Background(), u); err != nil {
				if i < len(bases[kind]) {
					t.Fatalf("the API server refuses what the rest is made of: %v", err)
				}
				continue
			}
			taken++
			u.Object["status"] = some(r, &status, parsed(t, statuses[kind]))
			if api.Status().Update(context.Background(), u) == nil {
				written++
			}
		}
		t.Logf("%s: of %d the API server took %d, and %d with a status", kind, *tries, taken, written)
		if taken < *tries/20 || written < taken/20 {
			t.Errorf("%s: too few were taken to show anything", kind)
		}
	}
	var requests v1alpha1.RangeRequestList
	var networks v1alpha1.NetworkList
	for _, list := range []client.ObjectList{&requests, &networks} {
		if err := api.List(context.Background(), list); err != nil {
			t.Fatalf("%T cannot be listed: %v", list, err)
		}
	}
	for i := range requests.Items {
		q := &requests.Items[i]
		if len(q.Spec.Unreadable) > 0 {
			t.Errorf("the schema takes what the type does not: %v of %s", q.Spec.Unreadable, text(q))
		}
		survives(t, q, func() { think(q, requests.Items, networks.Items) })
	}
	for i := range networks.Items {
		n := &networks.Items[i]
		if err := n.Spec.Validate(); err != nil {
			t.Errorf("the schema takes %s: %v", text(n), err)
		}
		survives(t, n, func() {
			if _, err := survey.Take(n, blank(false), survey.Around{Requests: requests.Items}, "c"); err != nil {
				t.Errorf("%v: %s", err, text(n))
			}
		})
	}
}

// think has every pure part think about a request.
func think(q *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest, networks []v1alpha1.Network) {
	nodes := []*corev1.Node{{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"pool": "a"}}, Spec: corev1.NodeSpec{PodCIDRs: []string{"10.4.0.0/24"}}}}
	_ = q.Spec.Validate()
	assign.Candidates(all, labels.Set{"pool": "a"})
	assign.NodeSize(q, 110, assign.Bounds{PerPod: 2})
	n := &networks[0]
	for _, inside := range []bool{false, true} {
		s := blank(inside)
		u := carve.Count(q, all, nodes, s.Traits)
		carve.Forecast(q, u)
		carve.RoutesLimit(q)
		carve.Overlapped(q, []carve.ServiceBlock{{Prefix: netip.MustParsePrefix("10.96.0.0/12"), Name: "kubernetes"}})
		carve.Grow(carve.GrowthInput{Request: q, Use: u, Others: all[:min(len(all), 5)], Now: time.Now()})
		in := carve.Input{Request: q, Network: n, Snapshot: s, Others: all[:min(len(all), 20)], Nodes: nodes, ClusterID: "c"}
		carve.Plan(in)
		carve.PutBack(in)
		carve.FullZones(in, nil)
	}
}

func blank(inside bool) cloud.Snapshot {
	at := netip.MustParsePrefix("10.4.0.0/14")
	s := cloud.Snapshot{Subnets: []cloud.Subnet{{Name: "nodes", Zone: "a", Primary: at}}, Occupied: []cloud.Occupied{{Prefix: at, Kind: cloud.SubnetPrimary, Name: "nodes"}}}
	if inside {
		s.Traits = cloud.Traits{Inside: true, Spare: 1, Smallest: 28, Routes: true, NoServices: true, NoProxies: true}
		s.Blocks = []netip.Prefix{at}
		s.Routes = &cloud.RouteRoom{Table: "main", Limit: 50}
	}
	return s
}

func survives(t *testing.T, o any, f func()) {
	t.Helper()
	defer func() {
		if x := recover(); x != nil {
			t.Errorf("panic: %v\n%s\n%s", x, text(o), debug.Stack())
		}
	}()
	f()
}

func text(o any) string {
	b, _ := json.Marshal(o)
	return string(b)
}

func parsed(t *testing.T, text string) (out map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func propertiesOf(t *testing.T, file string) *schema {
	t.Helper()
	content, err := crds.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(content, crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}
