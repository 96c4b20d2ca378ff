package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReadVersions(t *testing.T) {
	gomod := filepath.Join(t.TempDir(), "go.mod")
	write(t, gomod, "module m\n\n// k8s.io/kubernetes v9.9.9\nrequire (\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\nrequire a/b v3.6.8\n", 0o644)

	got, err := readVersions(gomod, "k8s.io/kubernetes", "a/b")
	if err != nil || got[0] != "v1.36.3" || got[1] != "v3.6.8" {
		t.Errorf("readVersions = %v, %v", got, err)
	}
	if _, err := readVersions(gomod, "absent"); err == nil {
		t.Error("a module that go.mod does not require has a version")
	}
}

func TestProgressTellsPackagesFromComplaints(t *testing.T) {
	p := newProgress("x", os.Stdout)
	for _, chunk := range []string{"go: downloading a/b v1.0.0\nio/", "fs\nk8s.io/api\n", "# k8s.io/api\nx.go:1:2: undefined: y\n"} {
		if _, err := p.Write([]byte(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if p.packages != 2 || p.downloads != 1 {
		t.Errorf("packages %d, downloads %d; want 2 and 1", p.packages, p.downloads)
	}
	if tail := p.tail(); !strings.Contains(tail, "undefined: y") || strings.Contains(tail, "io/fs") {
		t.Errorf("tail = %q", tail)
	}
}

func TestAssetsOfTheUserAreChecked(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "etcd"), "x", 0o755)
	if err := checkAssets(dir); err == nil || !strings.Contains(err.Error(), "kube-apiserver") || strings.Contains(err.Error(), "etcd:") {
		t.Errorf("checkAssets without kube-apiserver = %v", err)
	}
	write(t, filepath.Join(dir, "kube-apiserver"), "x", 0o755)
	if err := checkAssets(dir); err != nil {
		t.Errorf("checkAssets with both = %v", err)
	}
}

func TestHalfSetIsNotComplete(t *testing.T) {
	dir := t.TempDir()
	binaries := sets[controlPlane].binaries
	for _, b := range binaries {
		if complete(dir, binaries) {
			t.Fatalf("complete before %s", b.name)
		}
		write(t, filepath.Join(dir, b.name), "x", 0o755)
	}
	if !complete(dir, binaries) {
		t.Error("not complete with every binary")
	}
}

func TestRelinkReplacesALink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "bin", "controlplane")
	for _, to := range []string{"/a", "/b", "/b"} {
		if err := relink(link, to); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.Readlink(link); got != to {
			t.Errorf("link at %q, want %q", got, to)
		}
	}
}

func TestLockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, path); err == nil {
		t.Fatal("a second holder")
	}
	unlock()
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}
