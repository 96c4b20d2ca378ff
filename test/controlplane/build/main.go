// Command build makes the binaries that tests, benchmarks, the demo and the lab
// run, in sets that are named as arguments, from the versions that the go.mod
// of the set pins. Without arguments it is the control plane: etcd,
// kube-apiserver and kube-controller-manager.
//
// The binaries land in the user's cache directory, keyed by everything that
// decides what they are, so that every clone on a machine shares them, and
// bin/controlplane of the repository (bin/SET) links there. Where
// KUBEBUILDER_ASSETS is set, it stands for the control plane, which is not
// built: that directory is checked instead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const assetsEnv = "KUBEBUILDER_ASSETS"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fetch := flag.Bool("fetch", false, "build nothing, only get the modules that building takes")
	flag.Parse()
	names, do := flag.Args(), run
	if len(names) == 0 {
		names = []string{controlPlane}
	}
	if *fetch {
		do = fetchModules
	}
	for _, name := range names {
		if err := do(ctx, name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func run(ctx context.Context, name string) error {
	if assets := os.Getenv(assetsEnv); assets != "" && name == controlPlane {
		return checkAssets(assets)
	}
	rec, link, err := find(ctx, name)
	if err != nil {
		return err
	}
	dir, err := ensure(ctx, cacheBase(link), rec)
	if err != nil {
		return err
	}
	return relink(link, dir)
}

// find returns how a set is built, and the link to it.
func find(ctx context.Context, name string) (rec recipe, link string, err error) {
	set, known := sets[name]
	if !known {
		return recipe{}, "", fmt.Errorf("there is no such set of binaries: the sets are %s", strings.Join(slices.Sorted(maps.Keys(sets)), ", "))
	}
	module, err := moduleDir(ctx)
	if err != nil {
		return recipe{}, "", err
	}
	rec, err = readRecipe(ctx, filepath.Join(module, set.module), name)
	return rec, filepath.Join(module, "..", "..", "bin", name), err
}

// fetchModules gets the modules that a set is made of, unless the set is built
// already: without them and without network it cannot be.
func fetchModules(ctx context.Context, name string) error {
	rec, link, err := find(ctx, name)
	if err != nil || complete(filepath.Join(cacheBase(link), rec.key), rec.binaries) {
		return err
	}
	args := []string{"list", "-mod=readonly", "-deps"}
	for _, b := range rec.binaries {
		args = append(args, b.pkg)
	}
	if _, err := goOutput(ctx, rec.module, args...); err != nil {
		return fmt.Errorf("getting the modules: %w", err)
	}
	return nil
}

// ensure returns the directory that holds the complete set of binaries,
// building what is missing. A directory under its final name is always
// complete: it is filled under another name, one builder at a time, and
// renamed last.
func ensure(ctx context.Context, base string, rec recipe) (string, error) {
	dir := filepath.Join(base, rec.key)
	if complete(dir, rec.binaries) {
		return dir, nil
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", fmt.Errorf("making the cache directory: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(base, rec.key+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir, rec.binaries) { // another clone built it while we waited
		return dir, nil
	}
	// What an interrupted build finished is kept: each binary appears in the
	// work directory by a rename too.
	work := filepath.Join(base, rec.key+".building")
	if err := os.MkdirAll(work, 0o755); err != nil {
		return "", fmt.Errorf("making the work directory: %w", err)
	}
	began := time.Now()
	fmt.Printf("%s: building %s once, with %s; minutes on the first run, reused after\n", rec.set, rec.describe(), rec.goVersion)
	for _, b := range rec.binaries {
		if err := rec.build(ctx, b, work); err != nil {
			return "", err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("removing an incomplete set of binaries: %w", err)
	}
	if err := os.Rename(work, dir); err != nil {
		return "", fmt.Errorf("putting the binaries in place: %w", err)
	}
	fmt.Printf("%s: ready in %s after %s\n", rec.set, dir, time.Since(began).Round(time.Second))
	return dir, nil
}

func complete(dir string, binaries []binary) bool {
	for _, b := range binaries {
		if checkBinary(filepath.Join(dir, b.name)) != nil {
			return false
		}
	}
	return true
}

// checkAssets reports what is missing from a directory that the user brings.
// kube-controller-manager is not part of the usual sets and only some
// benchmarks need it, so that its absence is only said.
func checkAssets(dir string) error {
	var errs []error
	for _, b := range sets[controlPlane].binaries {
		err := checkBinary(filepath.Join(dir, b.name))
		switch {
		case err == nil:
		case b.optional:
			fmt.Printf("controlplane: %s has no %s; what compares with it will not run\n", dir, b.name)
		default:
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s is set to %s, so nothing is built, but it lacks binaries (unset it to build them): %w", assetsEnv, dir, err)
	}
	fmt.Printf("controlplane: using %s (%s)\n", dir, assetsEnv)
	return nil
}

func checkBinary(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 || info.Size() == 0 {
		return fmt.Errorf("%s is not an executable file", path)
	}
	return nil
}

// cacheBase falls back to the repository where the user has no cache directory.
func cacheBase(link string) string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "vpcnative", filepath.Base(link))
	}
	return link + "-cache"
}

// relink points link at dir in one step, so that a test which starts meanwhile
// sees the old set or the new one.
func relink(link, dir string) error {
	if at, err := os.Readlink(link); err == nil && at == dir {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return fmt.Errorf("making the directory of %s: %w", link, err)
	}
	next := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := os.Symlink(dir, next); err != nil {
		return fmt.Errorf("linking %s: %w", link, err)
	}
	if err := os.Rename(next, link); err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("linking %s (if it is a directory, remove it): %w", link, err)
	}
	return nil
}
