package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportsKeepTheRules(t *testing.T) {
	packages := listModule(t, filepath.Join("..", ".."))
	if len(packages) < 2 {
		t.Fatalf("only %d packages were found", len(packages))
	}
	for _, v := range Check(packages) {
		t.Error(v)
	}
}

// TestViolationsAreFound has one case for each thing that the rules forbid, and
// next to it what they allow.
func TestViolationsAreFound(t *testing.T) {
	cases := []struct {
		from, to string
		broken   bool
	}{
		{"api/v1alpha1", "k8s.io/apimachinery/pkg/runtime", false},
		{"api/v1alpha1", "k8s.io/api/core/v1", true},
		{"api/v1alpha1", "sigs.k8s.io/controller-runtime/pkg/scheme", true},
		{"api/v1alpha1", module + "/ipam/prefix", true},
		{"ipam/pool", module + "/ipam/prefix", false},
		{"ipam/pool", "go4.org/netipx", false},
		{"ipam/pool", module + "/cloud", true},
		{"ipam/pool", "k8s.io/apimachinery/pkg/types", true},
		{"cloud", module + "/ipam/prefix", true},
		{"cloud", module + "/cloud/gcp", true},
		{"cloud/lb", module + "/cloud", false},
		{"cloud/lb", module + "/cloud/gcp", true},
		{"cloud/gcp", module + "/cloud", false},
		{"cloud/gcp", module + "/cloud/lb", false},
		{"cloud/gcp", "cloud.google.com/go/compute/apiv1", false},
		{"cloud/gcp", "google.golang.org/api/compute/v1", false},
		{"cloud/gcp", "github.com/aws/aws-sdk-go-v2/service/ec2", true},
		{"cloud/gcp", "k8s.io/client-go/kubernetes", true},
		{"cloud/gcp", module + "/cloud/aws", true},
		{"cloud/gcp", module + "/cloud/gcp/gcesim", true},
		{"cloud/gcp", module + "/api/v1alpha1", true},
		{"cloud/gcp", module + "/ipam/plan", true},
		{"cloud/gcp/gcesim", module + "/cloud/gcp/gcesim/faults", false},
		{"cloud/gcp/gcesim", module + "/cloud/gcp", true},
		{"cloud/gcp/gcesim", module + "/cloud/simulate", false},
		{"cloud/aws/awssim", module + "/cloud/simulate", false},
		{"cloud/aws", module + "/cloud/simulate", true},
		{"cloud/simulate", module + "/cloud", true},
		{"cloud/aws", module + "/cloud/gcp", true},
		{"cloud/middleware", module + "/cloud/gcp", true},
		{"cloud/middleware", "github.com/prometheus/client_golang/prometheus", false},
		{"cloud/cloudtest", module + "/cloud/gcp/gcesim", true},
		{"controllers/node", module + "/controllers/node/claims", false},
		{"controllers/node", module + "/controllers/ranges", true},
		{"controllers/node", module + "/controllers/brake", false},
		{"controllers/brake", module + "/controllers/node", true},
		{"controllers/node", module + "/controllers/informer", false},
		{"controllers/informer", module + "/controllers/node", true},
		{"controllers/brake", "sigs.k8s.io/controller-runtime", true},
		{"controllers/node", module + "/controllers/conditions", false},
		{"controllers/node", module + "/controllers/vpc", false},
		{"controllers/conditions", module + "/controllers/node", true},
		{"controllers/vpc", module + "/controllers/conditions", false},
		{"controllers/conditions", module + "/controllers/vpc", true},
		{"controllers/network", module + "/controllers/network/survey", false},
		{"controllers/ranges", module + "/controllers/network/survey", true},
		{"controllers/network/survey", module + "/controllers/assign", false},
		{"controllers/network/survey", module + "/controllers/network", true},
		{"controllers/network/survey", "sigs.k8s.io/controller-runtime/pkg/client", true},
		{"controllers/service", module + "/controllers/loadbalancer", false},
		{"controllers/service/build", module + "/controllers/loadbalancer", false},
		{"controllers/service", module + "/controllers/loadbalancer/fake", true},
		{"controllers/service", module + "/controllers/node", true},
		{"controllers/loadbalancer", module + "/controllers/service", true},
		{"controllers/loadbalancer", module + "/controllers/service/build", true},
		{"controllers/loadbalancer", module + "/controllers/brake", false},
		{"controllers/loadbalancer", module + "/cloud/gcp", true},
		{"controllers/node", module + "/controllers/node/decide", false},
		{"controllers/ranges", module + "/controllers/node/decide", true},
		{"controllers/node/decide", module + "/controllers/node/allocator", false},
		{"controllers/node/decide", module + "/controllers/node", true},
		{"controllers/node/decide", "sigs.k8s.io/controller-runtime/pkg/client", true},
		{"controllers/node", module + "/ipam/pool", false},
		{"controllers/node", module + "/cloud", false},
		{"controllers/node", module + "/cloud/gcp", true},
		{"controllers/node", module + "/cloud/middleware", true},
		{"controllers/node", "google.golang.org/api/googleapi", true},
		{"controllers/node", "sigs.k8s.io/controller-runtime", false},
		{"controllers/node", module + "/cmd/vpcnative", true},
		{"controllers/node", module + "/test/apiserver", true},
		{"cmd/vpcnative-manager", module + "/cloud/gcp", false},
		{"cmd/vpcnative-manager", module + "/controllers/node", false},
		{"cmd/vpcnative-manager", module + "/test/apiserver", true},
		{"cmd/vpcnative", module + "/cmd/clouds", false},
		{"cmd/vpcnative/preview", module + "/controllers/ranges", true},
		{"cmd/vpcnative/preview", module + "/controllers/ranges/carve", false},
		{"cmd/vpcnative/preview", module + "/cmd/vpcnative/show", false},
		{"cmd/vpcnative", module + "/controllers/network", true},
		{"controllers/ranges", module + "/controllers/ranges/carve", false},
		{"controllers/ranges/carve", module + "/controllers/conditions", false},
		{"controllers/ranges/carve", module + "/controllers/ranges", true},
		{"controllers/ranges/carve", "k8s.io/client-go/kubernetes", true},
		{"controllers/ranges", module + "/cmd/vpcnative/preview", true},
		{"cmd/vpcnative/schema", module + "/deploy/crds", false},
		{"controllers/ranges", module + "/deploy/crds", true},
		{"deploy/crds", "k8s.io/apimachinery/pkg/runtime", true},
		{"test/demo", module + "/cmd/clouds", true},
		{"test/demo", module + "/cloud/gcp/gcesim", false},
		{"test/demo", module + "/test/apiserver", false},
		{"test/demo", module + "/cmd/vpcnative-manager", true},
	}
	for _, c := range cases {
		p := Package{ImportPath: module + "/" + c.from, Imports: []string{c.to}, Deps: []string{c.to}}
		found := Check([]Package{p})
		if (len(found) > 0) != c.broken {
			t.Errorf("%s imports %s: found %v", c.from, c.to, found)
			continue
		}
		for _, v := range found {
			if text := v.String(); !strings.Contains(text, p.ImportPath) || !strings.Contains(text, c.to) || v.Rule == "" {
				t.Errorf("the violation %q does not name the package, the import and the rule", text)
			}
		}
	}
}

func TestSDKBehindAnotherPackageIsFound(t *testing.T) {
	p := Package{
		ImportPath: module + "/controllers/node",
		Imports:    []string{"example.com/thin"},
		Deps:       []string{"example.com/thin", "cloud.google.com/go/compute/apiv1"},
	}
	found := Check([]Package{p})
	if len(found) != 1 || !strings.Contains(found[0].String(), "through another package") {
		t.Errorf("found %v", found)
	}
}

func TestPackagesWithoutRuleAndWithoutMeaningAreFound(t *testing.T) {
	for _, path := range []string{"pkg/things", "deploy/charts", "controllers/node/utils", "ipam/common"} {
		if found := Check([]Package{{ImportPath: module + "/" + path}}); len(found) == 0 {
			t.Errorf("%s breaks no rule", path)
		}
	}
	if found := Check([]Package{{ImportPath: "example.com/utils"}}); len(found) != 0 {
		t.Errorf("another module's package: %v", found)
	}
}

// TestTheEngineKnowsNoKindOfOwners: types of client-go's API may be imported by
// the engine for Nodes, so that its imports alone do not show it.
func TestTheEngineKnowsNoKindOfOwners(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "controllers", "loadbalancer", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"corev1.Service", `"Service"`, "corev1.Endpoints", "networkingv1.", "v1alpha1.EndpointGroup"} {
			if !strings.HasSuffix(file, "_test.go") && strings.Contains(string(content), word) {
				t.Errorf("%s speaks of %s: that belongs to the kind's own controller", file, word)
			}
		}
	}
}

// listModule asks the go command. It also looks at every source file itself,
// because the test's cached result is only dropped for what the test read.
func listModule(t *testing.T, root string) []Package {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "bin" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages of the module: %v\n%s", err, stderr.String())
	}
	var packages []Package
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("reading what go list said: %v", err)
		}
		packages = append(packages, p)
	}
}
