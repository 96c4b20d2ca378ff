package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// binary is one program to build. What the cache key does not see
// (optional) does not change the program.
type binary struct {
	name     string
	pkg      string
	optional bool
}

// set is what is built and cached together.
type set struct {
	module   string   // its directory, from this one's
	versions []string // modules whose versions tell what it is
	binaries []binary
}

const controlPlane = "controlplane"

// The small ones come first, so that a newcomer soon sees one done.
var sets = map[string]set{
	controlPlane: {".", []string{"go.etcd.io/etcd/server/v3", kubernetes}, []binary{
		{name: "etcd", pkg: "go.etcd.io/etcd/server/v3"},
		{name: "kube-apiserver", pkg: kubernetes + "/cmd/kube-apiserver"},
		{name: "kube-controller-manager", pkg: kubernetes + "/cmd/kube-controller-manager", optional: true},
	}},
	"nodes": {".", []string{kubernetes}, []binary{
		{name: "kube-proxy", pkg: kubernetes + "/cmd/kube-proxy"},
		{name: "kube-scheduler", pkg: kubernetes + "/cmd/kube-scheduler"},
		{name: "kubectl", pkg: kubernetes + "/cmd/kubectl"},
		{name: "kubelet", pkg: kubernetes + "/cmd/kubelet"},
	}},
	"addons": {"../lab/parts", []string{plugins, "github.com/coredns/coredns", policies}, []binary{
		{name: "loopback", pkg: plugins + "/plugins/main/loopback"},
		{name: "ptp", pkg: plugins + "/plugins/main/ptp"},
		{name: "host-local", pkg: plugins + "/plugins/ipam/host-local"},
		{name: "portmap", pkg: plugins + "/plugins/meta/portmap"},
		{name: "coredns", pkg: "./coredns"},
		{name: "kube-network-policies", pkg: policies + "/cmd"},
	}},
}

const (
	kubernetes = "k8s.io/kubernetes"
	plugins    = "github.com/containernetworking/plugins"
	policies   = "sigs.k8s.io/kube-network-policies"
)

// recipe is all that decides what the binaries are.
type recipe struct {
	set       string
	module    string // directory of their module
	goVersion string
	binaries  []binary
	modules   []string // such as "k8s.io/kubernetes v1.36.3"
	flags     []string
	key       string // hash of everything above, the platform, and the module's files
}

const versionPackage = "k8s.io/component-base/version"

func readRecipe(ctx context.Context, module, name string) (recipe, error) {
	env, err := goOutput(ctx, module, "env", "GOVERSION", "GOOS", "GOARCH", "GOARM", "GOAMD64", "GOARM64")
	if err != nil {
		return recipe{}, err
	}
	set := sets[name]
	versions, err := readVersions(filepath.Join(module, "go.mod"), set.versions...)
	if err != nil {
		return recipe{}, err
	}
	r := recipe{set: name, module: module, goVersion: strings.SplitN(env, "\n", 2)[0], binaries: set.binaries}
	r.flags = []string{"-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"}
	for i, m := range set.versions {
		r.modules = append(r.modules, m+" "+versions[i])
		if m == kubernetes {
			r.flags[len(r.flags)-1] += stamp(versions[i])
		}
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", env, strings.Join(r.flags, "\n"))
	for _, b := range r.binaries {
		fmt.Fprintf(sum, "%s %s\n", b.name, b.pkg)
	}
	sources := []string{"go.mod", "go.sum"}
	for _, b := range r.binaries {
		if strings.HasPrefix(b.pkg, "./") {
			sources = append(sources, filepath.Join(b.pkg, "main.go"))
		}
	}
	for _, name := range sources {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return recipe{}, fmt.Errorf("reading what to build: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	r.key = hex.EncodeToString(sum.Sum(nil))[:16]
	return r, nil
}

func (r recipe) describe() string { return strings.Join(r.modules, ", ") }

// stamp sets the version, without which the server calls itself v0.0.0 and
// clients that look at the version refuse it.
func stamp(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return fmt.Sprintf(" -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s", versionPackage, version, parts[0], parts[1])
}

// build makes one binary in dir, unless an earlier run finished it there.
func (r recipe) build(ctx context.Context, b binary, dir string) error {
	target := filepath.Join(dir, b.name)
	if checkBinary(target) == nil {
		return nil
	}
	half := target + ".half"
	args := append([]string{"build", "-v", "-o", half}, r.flags...)
	cmd := goCommand(ctx, r.module, append(args, b.pkg)...)
	watch := newProgress(b.name, os.Stdout)
	cmd.Stdout, cmd.Stderr = watch, watch
	watch.start()
	err := cmd.Run()
	watch.stop(err == nil)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("building %s: interrupted; the next run goes on from here", b.name)
		}
		return fmt.Errorf("building %s: %w\n%s", b.name, err, watch.tail())
	}
	return os.Rename(half, target)
}

func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// No C compiler is asked for, and a workspace of the user must not add to
	// what go.mod pins.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func goOutput(ctx context.Context, dir string, args ...string) (string, error) {
	var stderr bytes.Buffer
	cmd := goCommand(ctx, dir, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// moduleDir is the directory of this module: the working directory, wherever
// in the module it is.
func moduleDir(ctx context.Context) (string, error) {
	mod, err := goOutput(ctx, "", "env", "GOMOD")
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(mod)
	if filepath.Base(dir) != "controlplane" {
		return "", fmt.Errorf("run it with `make controlplane`: the working directory is not in the module test/controlplane")
	}
	return dir, nil
}

// readVersions finds the required versions of modules. Asking `go list -m`
// would load the whole module graph, hundreds of files from an empty cache.
func readVersions(gomod string, modules ...string) ([]string, error) {
	content, err := os.ReadFile(gomod)
	if err != nil {
		return nil, fmt.Errorf("reading which versions to build: %w", err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && fields[0] != "//" {
			found[fields[0]] = fields[1]
		}
	}
	var versions []string
	for _, m := range modules {
		if strings.Count(found[m], ".") < 2 {
			return nil, fmt.Errorf("%s requires no version of %s", gomod, m)
		}
		versions = append(versions, found[m])
	}
	return versions, nil
}

// lock takes the file lock that lets one build at a time fill the work
// directory; the kernel drops it when its holder dies.
func lock(ctx context.Context, path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the build lock: %w", err)
	}
	for said := false; ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			_ = f.Close()
			return nil, fmt.Errorf("taking the build lock %s: %w", path, err)
		}
		if !said {
			fmt.Println("another build of the same binaries is running; waiting for it")
			said = true
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("waiting for the build lock %s: interrupted", path)
		case <-time.After(500 * time.Millisecond):
		}
	}
}
