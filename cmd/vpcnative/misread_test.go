package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a plan cannot follow is refused, and not planned as something else.
func TestAPlanRefusesWhatItWouldHaveToIgnore(t *testing.T) {
	t.Parallel()
	base := []string{"plan", "--nodes=10", "--supernet=10.0.0.0/8"}
	for _, c := range []struct {
		flag, want string
	}{
		{"--cloud=azure", "must be gcp or aws"},
		{"--context=prod", "--context has no effect on the plan of a new cluster"},
		{"--cluster-id=x", "--cluster-id has no effect on the plan of a new cluster"},
		{"--kubeconfig=x", "--kubeconfig has no effect on the plan of a new cluster"},
	} {
		if got := vpcnative(t, append(base, c.flag)...); got.code == 0 || !strings.Contains(got.errs, c.want) {
			t.Errorf("%s: exit code %d: %s", c.flag, got.code, got.errs)
		}
	}
	if got := vpcnative(t, append(base, "--cloud=AWS")...); got.code != 0 || !strings.Contains(got.out, "aws ec2 create-vpc") {
		t.Errorf("--cloud=AWS: exit code %d: %s%s", got.code, got.out, got.errs)
	}
}

func TestAPlanTakesTheSpaceThatWasMeant(t *testing.T) {
	t.Parallel()
	routes := vpcnative(t, "plan", "--cloud=aws", "--attachment=Routes", "--nodes=100", "--supernet=172.20.0.0/16", "--supernet=100.64.0.0/10")
	if routes.code != 0 || !strings.Contains(routes.out, "VPC of 172.20.") {
		t.Errorf("the VPC is not in the first supernet:\n%s%s", routes.out, routes.errs)
	}
	full := vpcnative(t, "plan", "--nodes=2000", "--supernet=10.0.0.0/16")
	if full.code == 0 || !strings.Contains(full.errs, "instead of 10.0.0.0/16") || strings.Contains(full.errs, "172.16.0.0/12") {
		t.Errorf("the hint is not a wider supernet:\n%s", full.errs)
	}
	public := vpcnative(t, "plan", "--nodes=10", "--supernet=0.0.0.0/0")
	if !strings.Contains(public.out+public.errs, "is public address space") {
		t.Errorf("public space is carved without a word:\n%s%s", public.out, public.errs)
	}
}

// A file is judged by the CustomResourceDefinitions also without a cluster.
func TestAFileIsJudgedWithoutACluster(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{purpose: Pods, prefixLength: 16, growth: {reclaimAfter: 1d}}": "should match",
		"{purpose: Pods}": "must be set; only purposes",
		"{purpose: Pods, prefixLength: 16, growth: {maxRanges: 1}}": "greater than or equal to 2",
		"{purpose: Pods, prefixLength: 30}":                         "the smallest secondary range is a /29",
		"{purpose: Pods, cidrs: [10.1.0.1/16]}":                     "must not have host bits set",
	} {
		file := write(t, "apiVersion: vpcnative.dev/v1alpha1\nkind: Network\nmetadata: {name: default}\nspec:\n"+
			"  gcp: {project: demo, network: vpc, region: us-central1, subnetworks: [nodes]}\n  supernets: [10.0.0.0/9]\n---\n"+
			"apiVersion: vpcnative.dev/v1alpha1\nkind: RangeRequest\nmetadata: {name: pods}\nspec: "+text+"\n")
		if got := vpcnative(t, "plan", "--no-cluster", "-f", file); got.code == 0 || !strings.Contains(got.errs+got.out, want) {
			t.Errorf("%s: exit code %d, want %q:\n%s%s", text, got.code, want, got.out, got.errs)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
