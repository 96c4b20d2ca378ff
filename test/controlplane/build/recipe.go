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

// binary is one program to build. What the cache key does not see (the order,
// optional) does not change the program.
type binary struct {
	name     string
	pkg      string
	optional bool
}

// The small one comes first, so that a newcomer soon sees one done.
var binaries = []binary{
	{name: "etcd", pkg: "go.etcd.io/etcd/server/v3"},
	{name: "kube-apiserver", pkg: "k8s.io/kubernetes/cmd/kube-apiserver"},
	{name: "kube-controller-manager", pkg: "k8s.io/kubernetes/cmd/kube-controller-manager", optional: true},
}

// recipe is all that decides what the binaries are.
type recipe struct {
	module     string // directory of this module
	goVersion  string
	kubernetes string // such as v1.36.3
	etcd       string
	key        string // hash of everything above, the platform and the flags
}

const versionPackage = "k8s.io/component-base/version"

func readRecipe(ctx context.Context, module string) (recipe, error) {
	env, err := goOutput(ctx, module, "env", "GOVERSION", "GOOS", "GOARCH", "GOARM", "GOAMD64", "GOARM64")
	if err != nil {
		return recipe{}, err
	}
	versions, err := readVersions(filepath.Join(module, "go.mod"), "k8s.io/kubernetes", "go.etcd.io/etcd/server/v3")
	if err != nil {
		return recipe{}, err
	}
	r := recipe{module: module, goVersion: strings.SplitN(env, "\n", 2)[0], kubernetes: versions[0], etcd: versions[1]}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", env, strings.Join(r.flags(), "\n"))
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return recipe{}, fmt.Errorf("reading what to build: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	r.key = hex.EncodeToString(sum.Sum(nil))[:16]
	return r, nil
}

func (r recipe) describe() string {
	return fmt.Sprintf("etcd %s and Kubernetes %s", r.etcd, r.kubernetes)
}

// flags stamps the version, without which the server calls itself v0.0.0 and
// clients that look at the version refuse it.
func (r recipe) flags() []string {
	parts := strings.SplitN(strings.TrimPrefix(r.kubernetes, "v"), ".", 3)
	ld := fmt.Sprintf("-s -w -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s",
		versionPackage, r.kubernetes, parts[0], parts[1])
	return []string{"-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", ld}
}

// build makes one binary in dir, unless an earlier run finished it there.
func (r recipe) build(ctx context.Context, b binary, dir string) error {
	target := filepath.Join(dir, b.name)
	if checkBinary(target) == nil {
		return nil
	}
	half := target + ".half"
	args := append([]string{"build", "-v", "-o", half}, r.flags()...)
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
			fmt.Println("controlplane: another build of the same binaries is running; waiting for it")
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
