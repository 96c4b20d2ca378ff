package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
)

func TestEveryCommandWritesJSONAndYAML(t *testing.T) {
	t.Parallel()
	_, kubeconfig := seed(t)
	for _, args := range [][]string{
		{"plan", "--nodes=500", "--supernet=10.0.0.0/8"},
		{"plan", "-f", "testdata/request.yaml", "--kubeconfig=" + kubeconfig},
		{"ranges", "--nodes", "--kubeconfig=" + kubeconfig},
		{"explain", "10.4.3.7", "--kubeconfig=" + kubeconfig},
		{"version"},
	} {
		for _, format := range []string{"json", "yaml"} {
			got := vpcnative(t, append(args, "-o", format)...)
			var value map[string]any
			if got.code != 0 {
				t.Errorf("%v -o %s: exit code %d: %s", args, format, got.code, got.errs)
			}
			var err error
			if format == "json" {
				err = json.Unmarshal([]byte(got.out), &value)
			} else {
				first, _, _ := strings.Cut(got.out, "\n---\n")
				err = yaml.Unmarshal([]byte(first), &value)
			}
			if err != nil || len(value) == 0 {
				t.Errorf("%v -o %s: %v:\n%s", args, format, err, got.out)
			}
		}
	}
}

// TestTheCalculatorsObjectsAreValid: the API server takes what plan -o yaml
// prints, and plan -f takes it too.
func TestTheCalculatorsObjectsAreValid(t *testing.T) {
	t.Parallel()
	_, kubeconfig := seed(t)
	for name, args := range map[string][]string{
		"sizes":       {"--growth=3x", "--proxy"},
		"pinned":      {"--growth=3x", "--pin"},
		"two subnets": {"--subnets=a,b", "--node-prefix-length=23"},
	} {
		planned := vpcnative(t, append([]string{"plan", "--nodes=500", "--supernet=10.0.0.0/8", "--reserve=10.10.0.0/16", "-o", "yaml"}, args...)...)
		if planned.code != 0 {
			t.Fatalf("%s: %s", name, planned.errs)
		}
		// The cluster's own Network cannot move, and has other subnets.
		objects := strings.NewReplacer("name: default\n", "name: planned\n", "purpose:", "networkName: planned\n  purpose:",
			"name: pods\n", "name: planned-pods\n").Replace(planned.out)
		file := filepath.Join(t.TempDir(), "plan.yaml")
		if err := os.WriteFile(file, []byte(objects), 0o600); err != nil {
			t.Fatal(err)
		}
		got := vpcnative(t, "plan", "-f", file, "--kubeconfig="+kubeconfig)
		if got.code != 0 || !strings.Contains(got.out, "carve") {
			t.Errorf("%s: exit code %d\n%s%s", name, got.code, got.out, got.errs)
		}
	}
}

// TestPlanDoesNothing: no object is there after it that was not before, and
// none was written.
func TestPlanDoesNothing(t *testing.T) {
	t.Parallel()
	api, kubeconfig := seed(t)
	versions := func() string {
		var networks v1alpha1.NetworkList
		var requests v1alpha1.RangeRequestList
		for _, list := range []client.ObjectList{&networks, &requests} {
			if err := api.List(context.Background(), list); err != nil {
				t.Fatal(err)
			}
		}
		var out []string
		for _, n := range networks.Items {
			out = append(out, n.Name+n.ResourceVersion)
		}
		for _, r := range requests.Items {
			out = append(out, r.Name+r.ResourceVersion)
		}
		return fmt.Sprint(out)
	}
	before := versions()
	file := filepath.Join(t.TempDir(), "both.yaml")
	changed := `apiVersion: vpcnative.dev/v1alpha1
kind: Network
metadata: {name: default}
spec:
  gcp: {project: demo, network: vpc, region: us-central1, subnetworks: [nodes]}
  supernets: [10.0.0.0/9, 172.16.0.0/12]
---
`
	request, err := os.ReadFile("testdata/request.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte(changed), request...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := vpcnative(t, "plan", "-f", file, "--kubeconfig="+kubeconfig); got.code != 0 {
		t.Fatal(got.errs)
	}
	if after := versions(); after != before {
		t.Errorf("the objects were %s and are %s", before, after)
	}
}

// TestPlanReadsTheVPCItself: a range that the status does not know is planned
// around, and the source is named.
func TestPlanReadsTheVPCItself(t *testing.T) {
	t.Parallel()
	_, kubeconfig := seed(t)
	sim := gcesim.New(gcesim.Config{Projects: []string{"demo"}})
	if err := sim.AddNetwork(gcesim.Network{Project: "demo", Name: "vpc"}); err != nil {
		t.Fatal(err)
	}
	err := sim.AddSubnetwork(gcesim.Subnetwork{Project: "demo", Region: "us-central1", Name: "nodes", Network: "vpc",
		Primary:   netip.MustParsePrefix("10.0.0.0/20"),
		Secondary: []gcesim.SecondaryRange{{Name: "new", Prefix: netip.MustParsePrefix("10.64.0.0/10")}}})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, stop, err := sim.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	got := vpcnative(t, "plan", "-f", "testdata/request.yaml", "-o", "json", "--kubeconfig="+kubeconfig, "--gcp-endpoint="+endpoint, "--gcp-no-auth")
	var report preview.Report
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatalf("%v: %s%s", err, got.out, got.errs)
	}
	n := report.Networks[0]
	if n.Source.Kind != preview.FromCloud || n.Before[0].LargestBlocks[0] != "10.32.0.0/11" || n.Quotas[0].Before != "1" {
		t.Errorf("got %+v", n)
	}
}

// TestExplainReadsTheVPCItself: what the status does not know yet is told, by
// whom it was made, and what an interface carries that no node publishes.
func TestExplainReadsTheVPCItself(t *testing.T) {
	t.Parallel()
	_, kubeconfig := seed(t)
	ours := cloud.Owner{ClusterID: "here", Kind: "RangeRequest", Name: "gone"}
	theirs := cloud.Owner{ClusterID: "there", Kind: "RangeRequest", Name: "pods"}
	p := netip.MustParsePrefix
	sim := gcesim.New(gcesim.Config{Projects: []string{"demo"}})
	for _, err := range []error{
		sim.AddNetwork(gcesim.Network{Project: "demo", Name: "vpc"}),
		sim.AddSubnetwork(gcesim.Subnetwork{Project: "demo", Region: "us-central1", Name: "nodes", Network: "vpc", Primary: p("10.0.0.0/20"),
			Secondary: []gcesim.SecondaryRange{{Name: "pods", Prefix: p("10.4.0.0/21")}, {Name: "by-hand", Prefix: p("10.64.0.0/16")},
				{Name: theirs.ObjectName(0), Prefix: p("10.65.0.0/16")}, {Name: ours.ObjectName(0), Prefix: p("10.66.0.0/16")}}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := sim.AddInstance(gcesim.Instance{Project: "demo", Zone: "us-central1-a", Name: "stray", Interfaces: []gcesim.Interface{{
		Network: "projects/demo/global/networks/vpc", Subnetwork: "projects/demo/regions/us-central1/subnetworks/nodes",
		Aliases: []gcesim.Alias{{Prefix: p("10.4.6.0/24"), RangeName: "pods"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, stop, err := sim.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for ask, want := range map[string][]string{
		"10.64.3.3":       {"is off limits", "by-hand", "the VPC itself"},
		"10.65.3.3":       {`RangeRequest "pods" of another vpcnative cluster`},
		"10.66.3.3":       {`RangeRequest "gone" of this cluster, which no longer exists`},
		"10.4.6.9":        {"10.4.6.0/24, which is on the interface of gce://demo/us-central1-a/stray and which no node publishes"},
		"10.4.3.7":        {"is the address of Pod default/web"},
		"10.5.0.0/24":     {"is free"}, // the status is older
		"192.168.9.9":     {"outside the supernets"},
		"network/default": {"Network default has supernets"},
	} {
		got := vpcnative(t, "explain", ask, "--kubeconfig="+kubeconfig, "--gcp-endpoint="+endpoint, "--gcp-no-auth", "--cluster-id=here")
		if got.code != 0 {
			t.Errorf("%s: exit code %d: %s", ask, got.code, got.errs)
		}
		for _, w := range want {
			if !strings.Contains(got.out, w) {
				t.Errorf("%s: no %q in\n%s", ask, w, got.out)
			}
		}
	}
	if got := vpcnative(t, "explain", "10.64.3.3", "--kubeconfig="+kubeconfig, "--gcp-endpoint=http://127.0.0.1:1", "--gcp-no-auth"); got.code != 1 {
		t.Errorf("a cloud that is away: exit code %d\n%s", got.code, got.out)
	}
}

func TestRefusedPlansSaySo(t *testing.T) {
	t.Parallel()
	_, kubeconfig := seed(t)
	document := func(spec string) string {
		return "apiVersion: vpcnative.dev/v1alpha1\nkind: RangeRequest\nmetadata: {name: bad}\nspec: " + spec + "\n"
	}
	for name, c := range map[string]struct {
		file string
		code int
		want []string
	}{
		"the planner refuses":       {document("{purpose: Pods, cidrs: [10.5.4.0/24]}"), 2, []string{"would be refused, Overlap", "10.5.0.0/16"}},
		"no Network":                {document("{purpose: Pods, prefixLength: 20, networkName: gone}"), 2, []string{"NetworkNotFound", "gone"}},
		"the API server refuses":    {document("{purpose: Pods}"), 1, []string{"the API server would refuse RangeRequest bad", "must be set"}},
		"host bits":                 {document("{purpose: Pods, cidrs: [10.5.4.1/24]}"), 1, []string{"host bits"}},
		"a field that is none":      {document("{purpose: Pods, prefixLenght: 20}"), 1, []string{"document 1", "prefixLenght"}},
		"another kind":              {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", 1, []string{"Networks and RangeRequests"}},
		"a kind of ours that isn't": {"apiVersion: vpcnative.dev/v1alpha1\nkind: Ranges\nmetadata: {name: x}\n", 1, []string{`"Ranges"`}},
		"no name":                   {"apiVersion: vpcnative.dev/v1alpha1\nkind: RangeRequest\n", 1, []string{"no metadata.name"}},
		"nothing":                   {"# nothing\n", 1, []string{"nothing to plan"}},
		"no YAML":                   {"{", 1, []string{"document 1"}},
	} {
		file := filepath.Join(t.TempDir(), "bad.yaml")
		if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got := vpcnative(t, "plan", "-f", file, "--kubeconfig="+kubeconfig)
		if got.code != c.code {
			t.Errorf("%s: exit code %d, want %d", name, got.code, c.code)
		}
		for _, w := range c.want {
			if !strings.Contains(got.out+got.errs, w) {
				t.Errorf("%s: no %q in\n%s%s", name, w, got.out, got.errs)
			}
		}
	}
}

func TestWrongCommandLinesAreNamed(t *testing.T) {
	t.Parallel()
	_, kubeconfig := seed(t)
	here := "--kubeconfig=" + kubeconfig
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"an output that is none":         {[]string{"ranges", "-o", "xml"}, 1, []string{"--output=xml"}},
		"two plans at once":              {[]string{"plan", "--nodes=5", "-f", "x.yaml"}, 1, []string{"--nodes", "-f"}},
		"an EC2 flag elsewhere":          {[]string{"plan", "--nodes=5", "--supernet=10.0.0.0/8", "--zones=a"}, 1, []string{"--zones is for --cloud=aws"}},
		"a GCE flag on EC2":              {[]string{"plan", "--nodes=5", "--supernet=10.0.0.0/8", "--cloud=aws", "--gcp-region=x"}, 1, []string{"--gcp-region is for Compute Engine"}},
		"too few slots":                  {[]string{"plan", "--nodes=5", "--supernet=10.0.0.0/8", "--cloud=aws", "--prefix-slots=5"}, 2, []string{"a /26 for 64 pods", "--max-pods 64"}},
		"no supernet":                    {[]string{"plan", "--nodes=5"}, 1, []string{"--supernet"}},
		"a supernet alone":               {[]string{"plan", "--supernet=10.0.0.0/8"}, 1, []string{"--nodes=0"}},
		"a plan that does not fit":       {[]string{"plan", "--nodes=5000", "--supernet=10.0.0.0/16"}, 2, []string{"would make it fit", "--nodes"}},
		"a cloud that is none":           {[]string{"plan", "--cloud=moon", "-f", "testdata/request.yaml", here}, 1, []string{`"moon" for "--cloud"`}},
		"no file":                        {[]string{"plan", "-f", "nowhere.yaml", here}, 1, []string{"nowhere.yaml"}},
		"no cluster and no file":         {[]string{"plan", "--no-cluster"}, 1, []string{"--no-cluster requires -f"}},
		"no kubeconfig":                  {[]string{"ranges", "--kubeconfig=/nowhere"}, 1, []string{"/nowhere"}},
		"no context":                     {[]string{"ranges", "--context=moon", here}, 1, []string{"moon"}},
		"an address with host bits":      {[]string{"explain", "10.4.3.7/24", here}, 1, []string{"did you mean 10.4.3.0/24"}},
		"a name that is none":            {[]string{"explain", "nobody", here}, 1, []string{`"nobody"`}},
		"nothing to explain":             {[]string{"explain"}, 1, []string{"1 arg"}},
		"a command that is none":         {[]string{"carve"}, 1, []string{"carve"}},
		"one that is granted":            {[]string{"plan", "range/pods", here}, 0, []string{"RangeRequest pods", "10.4.0.0/21"}},
		"a request that is none":         {[]string{"plan", "range/nobody", here}, 1, []string{"no RangeRequest nobody"}},
		"a kind that is not planned":     {[]string{"plan", "pod/web", here}, 1, []string{"range/NAME"}},
		"every request that is in there": {[]string{"plan", here}, 0, []string{"every RangeRequest in the cluster is granted"}},
	} {
		got := vpcnative(t, c.args...)
		if got.code != c.code {
			t.Errorf("%s: exit code %d, want %d: %s", name, got.code, c.code, got.errs)
		}
		for _, w := range c.want {
			if !strings.Contains(got.out+got.errs, w) {
				t.Errorf("%s: no %q in\n%s%s", name, w, got.out, got.errs)
			}
		}
	}
}

// TestTheSeedIsWhole: what the API server defaulted away would make the other
// tests empty.
func TestTheSeedIsWhole(t *testing.T) {
	t.Parallel()
	api, _ := seed(t)
	var n v1alpha1.Network
	var p corev1.Pod
	for key, object := range map[client.ObjectKey]client.Object{{Name: "default"}: &n, {Name: "web", Namespace: "default"}: &p} {
		if err := api.Get(context.Background(), key, object); err != nil {
			t.Fatal(err)
		}
	}
	if len(n.Status.Occupied) != 4 || p.Status.PodIP == "" {
		t.Errorf("the Network's status is %+v, the Pod's %+v", n.Status, p.Status)
	}
}
