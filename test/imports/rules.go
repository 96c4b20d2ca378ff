// Package imports keeps the rules of who may import whom. They hold for what
// is shipped: the files of a package without its tests.
package imports

import (
	"fmt"
	"slices"
	"strings"
)

// module is the prefix of every package that the rules speak about.
const module = "github.com/vpcnative/vpcnative"

// Package is what the rules look at: a package of the module, what it imports
// and all that it depends on.
type Package struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// Violation is an import that a rule forbids.
type Violation struct {
	Package, Import, Rule string
}

func (v Violation) String() string {
	if v.Import == "" {
		return fmt.Sprintf("%s: %s", v.Package, v.Rule)
	}
	return fmt.Sprintf("%s imports %s: %s", v.Package, v.Import, v.Rule)
}

// A layer is a part of the tree, given relative to the module. An entry stands
// for itself and all below it, one that ends in "$" for that package alone.
type layer struct {
	path string
	// imports are the parts of the module that it may import besides itself.
	imports []string
	// never are other modules' packages that it may not depend on, directly or
	// through another; neverDirectly those that it may not name itself.
	never, neverDirectly []string
	rule                 string
}

var (
	kubernetes = []string{"k8s.io", "sigs.k8s.io"}
	clients    = []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"}
	gcpSDK     = []string{"cloud.google.com/go", "google.golang.org/api"}
	awsSDK     = []string{"github.com/aws"}
	sdks       = slices.Concat(gcpSDK, awsSDK)
)

// layers: the most particular path that holds a package decides.
var layers = []layer{
	{
		path: "api", never: slices.Concat(clients, sdks), neverDirectly: []string{"k8s.io", "!k8s.io/apimachinery", "sigs.k8s.io"},
		rule: "api holds types and imports apimachinery only",
	},
	{
		path: "controllers/assign", imports: []string{"api"}, never: slices.Concat(clients, sdks),
		rule: "assign is pure: it imports api only",
	},
	{
		path: "ipam", never: slices.Concat(kubernetes, sdks),
		rule: "ipam is pure: no cluster, no cloud, nothing of this module",
	},
	{
		path: "cloud", imports: []string{}, never: slices.Concat(kubernetes, sdks),
		rule: "cloud holds the ports and values, on the standard library",
	},
	{
		path: "cloud/lb", imports: []string{"cloud$", "cloud/members"}, never: slices.Concat(kubernetes, sdks),
		rule: "cloud/lb is cloud-neutral and imports cloud and cloud/members",
	},
	{
		path: "cloud/members", imports: []string{}, never: slices.Concat(kubernetes, sdks),
		rule: "cloud/members knows neither clouds nor load balancers: it imports nothing of this module",
	},
	{
		path: "cloud/gcp", imports: []string{"cloud$", "cloud/lb", "cloud/members"}, never: slices.Concat(kubernetes, awsSDK),
		rule: "an adapter imports cloud, cloud/lb, cloud/members and its own SDK",
	},
	{
		path: "cloud/gcp/gcesim", imports: []string{"cloud/simulate"}, never: slices.Concat(kubernetes, awsSDK),
		rule: "a simulator stands for a cloud: it imports nothing of this module but cloud/simulate",
	},
	{
		path: "cloud/aws", imports: []string{"cloud$", "cloud/lb", "cloud/members"}, never: slices.Concat(kubernetes, gcpSDK),
		rule: "an adapter imports cloud, cloud/lb, cloud/members and its own SDK",
	},
	{
		path: "cloud/aws/awssim", imports: []string{"cloud/simulate"}, never: slices.Concat(kubernetes, gcpSDK),
		rule: "a simulator stands for a cloud: it imports nothing of this module but cloud/simulate",
	},
	{
		path: "cloud/simulate", imports: []string{}, never: slices.Concat(kubernetes, sdks),
		rule: "what simulators are built of knows no cloud: it imports nothing of this module",
	},
	{
		path: "cloud/middleware", imports: []string{"cloud$", "cloud/lb", "cloud/members"}, never: slices.Concat(kubernetes, sdks),
		rule: "middleware wraps any adapter: it imports cloud, cloud/lb and cloud/members",
	},
	{
		path: "cloud/cloudtest", imports: []string{"cloud$", "cloud/lb", "cloud/members"}, never: slices.Concat(kubernetes, sdks),
		rule: "the contract suite knows no adapter: it imports cloud, cloud/lb and cloud/members",
	},
	{
		path: "controllers/brake", imports: []string{"api"}, never: slices.Concat(clients, sdks),
		rule: "brake is pure, and a room for every controller: it imports api only",
	},
	{
		path: "controllers/conditions", imports: []string{"cloud$"}, never: sdks,
		rule: "conditions is a room for every controller: it imports cloud only, for the reasons of its errors",
	},
	{
		path: "controllers/informer", imports: []string{"api", "cloud$", "controllers/assign"}, never: sdks,
		rule: "informer is a room for every controller: it imports api, cloud and assign",
	},
	{
		path: "controllers/vpc", imports: []string{"api", "cloud$", "controllers/conditions"}, never: sdks,
		rule: "vpc is a room for every controller: it imports api, cloud and conditions",
	},
	{
		path: "controllers/node/decide", imports: []string{"api", "cloud$", "ipam", "controllers/conditions", "controllers/node/allocator", "controllers/node/inflight", "controllers/node/release"},
		never: sdks, neverDirectly: clients,
		rule: "decide is pure: it imports values, and no client",
	},
	{
		path: "controllers/loadbalancer", imports: []string{"api", "cloud$", "cloud/lb", "cloud/members", "controllers/assign", "controllers/brake", "controllers/conditions", "controllers/informer", "controllers/vpc"}, never: sdks,
		rule: "the engine of load balancers knows none of the kinds that own some: it imports api, cloud, cloud/lb, cloud/members and the other rooms that controllers share",
	},
	{
		path: "controllers", imports: []string{"api", "ipam", "cloud$", "cloud/lb", "cloud/members", "controllers/assign", "controllers/brake", "controllers/conditions", "controllers/informer", "controllers/loadbalancer$", "controllers/vpc"}, never: sdks,
		rule: "a controller imports api, ipam, cloud, cloud/lb, cloud/members and the rooms that controllers share: no adapter, no SDK, no sibling",
	},
	{
		path: "controllers/network/survey", imports: []string{"api", "ipam", "cloud$", "controllers/assign", "controllers/conditions"}, never: sdks, neverDirectly: clients,
		rule: "a survey is pure: it imports api, ipam, cloud, controllers/assign and controllers/conditions, and no client",
	},
	{
		path: "controllers/ranges/carve", imports: []string{"api", "ipam", "cloud$", "controllers/assign", "controllers/conditions"}, never: sdks, neverDirectly: clients,
		rule: "carve is pure: it imports api, ipam, cloud, controllers/assign and controllers/conditions, and neither asks nor changes anything",
	},
	{
		path: "deploy/crds", imports: []string{}, never: slices.Concat(kubernetes, sdks),
		rule: "the definitions are files: what holds them imports nothing",
	},
	{
		path: "cmd", imports: []string{"api", "ipam", "cloud", "cmd/vpcnative/show", "controllers", "deploy/crds"},
		rule: "a command wires everything, and nothing imports it or test",
	},
	{
		path: "cmd/vpcnative", imports: []string{"api", "ipam", "cloud", "cmd", "deploy/crds", "controllers/assign", "controllers/conditions", "controllers/network/survey", "controllers/ranges/carve", "controllers/vpc", "controllers/loadbalancer", "controllers/service/build", "controllers/node$", "controllers/node/claims$"},
		rule: "the command line plans what the manager does, by the pure parts of the controllers and the node controller's previews, and runs none of them",
	},
	{
		path: "test", imports: []string{"api", "ipam", "cloud", "controllers", "deploy/crds"},
		rule: "tests may import anything but commands",
	},
}

// noName: such a package attracts what belongs elsewhere.
var noName = []string{"utils", "util", "common", "helpers", "context"}

// Check finds every import that breaks a rule, and every package of the module
// that no rule speaks of.
func Check(packages []Package) []Violation {
	var found []Violation
	for _, p := range packages {
		path, inside := relative(p.ImportPath)
		if !inside {
			continue
		}
		if slices.Contains(noName, path[strings.LastIndex(path, "/")+1:]) {
			found = append(found, Violation{Package: p.ImportPath, Rule: "no package is called " + strings.Join(noName, ", ") + ": name it by what it holds"})
		}
		l, ok := layerOf(path)
		if !ok {
			found = append(found, Violation{Package: p.ImportPath, Rule: "no rule says what it may import: it belongs elsewhere, or the layout in the design and the table in test/imports need it"})
			continue
		}
		found = append(found, l.check(path, p)...)
	}
	return found
}

func (l layer) check(path string, p Package) []Violation {
	var found []Violation
	for _, imported := range p.Imports {
		to, inside := relative(imported)
		switch {
		case inside && !l.mayImport(path, to), !inside && matches(imported, l.neverDirectly):
			found = append(found, Violation{p.ImportPath, imported, l.rule})
		}
	}
	for _, dep := range p.Deps {
		if _, inside := relative(dep); !inside && matches(dep, l.never) {
			v := Violation{p.ImportPath, dep, l.rule}
			if !slices.Contains(p.Imports, dep) {
				v.Rule += " (through another package; `go mod why " + dep + "` shows the way)"
			}
			found = append(found, v)
			break // one shows the way to the others
		}
	}
	return found
}

func (l layer) mayImport(from, to string) bool {
	if l.path == "controllers" && under(to, "controllers") && sameController(from, to) {
		return true
	}
	if own, ok := layerOf(to); ok && own.path == l.path {
		return l.path != "controllers"
	}
	if l.path == "controllers" && sameController(from, to) {
		return true // a pure part has a rule of its own
	}
	return slices.ContainsFunc(l.imports, func(allowed string) bool {
		if exact, ok := strings.CutSuffix(allowed, "$"); ok {
			return to == exact
		}
		return under(to, allowed)
	})
}

// sameController: a controller may be several packages in one folder.
func sameController(a, b string) bool {
	first := func(path string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "controllers/"), "/")
		return name
	}
	return first(a) == first(b)
}

func layerOf(path string) (best layer, ok bool) {
	for _, l := range layers {
		if under(path, l.path) && len(l.path) > len(best.path) {
			best, ok = l, true
		}
	}
	return best, ok
}

// matches reports whether a path lies under one of the prefixes and under none of
// those that begin with "!".
func matches(path string, prefixes []string) bool {
	hit := false
	for _, prefix := range prefixes {
		if except, ok := strings.CutPrefix(prefix, "!"); ok {
			if under(path, except) {
				return false
			}
			continue
		}
		hit = hit || under(path, prefix)
	}
	return hit
}

func under(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// relative cuts the module off a path; inside is false for another module's.
func relative(path string) (rel string, inside bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}
