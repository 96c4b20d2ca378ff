// Package cgroups finds and removes control groups, of version 1, where each
// is in a hierarchy per controller, and of version 2, where there is one.
package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const root = "/sys/fs/cgroup"

// patience bounds how long processes that were killed may take to leave.
const patience = 20 * time.Second

// List are the top-level cgroups whose names begin with prefix.
func List(prefix string) ([]string, error) {
	var names []string
	for _, hierarchy := range hierarchies() {
		found, err := filepath.Glob(filepath.Join(hierarchy, prefix+"*"))
		if err != nil {
			return nil, fmt.Errorf("listing cgroups: %w", err)
		}
		for _, path := range found {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// hierarchies are the mounted ones: the root, or those in it.
func hierarchies() []string {
	var all []string
	for _, dir := range []string{root, filepath.Join(root, "*")} {
		found, _ := filepath.Glob(filepath.Join(dir, "cgroup.procs"))
		for _, file := range found {
			all = append(all, filepath.Dir(file))
		}
		if len(all) > 0 {
			return all // of version 2: what is in it are groups
		}
	}
	return all
}

// Confine moves this process into a cgroup of this name and mounts that as the
// root, for who sees this mount namespace: what is made from now on lies below
// it. Programs that are started with a cgroup namespace of their own take it for
// the machine's root.
func Confine(name string) error {
	for _, hierarchy := range hierarchies() {
		path := filepath.Join(hierarchy, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // of version 1, where a new one has none
			if content, err := os.ReadFile(filepath.Join(hierarchy, file)); err == nil {
				_ = os.WriteFile(filepath.Join(path, file), content, 0o644)
			}
		}
		if err := os.WriteFile(filepath.Join(path, "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("entering a cgroup: %w", err)
		}
		if err := syscall.Mount(path, hierarchy, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting the cgroup %s: %w", path, err)
		}
	}
	return nil
}

// Try makes a cgroup of this name, and removes it.
func Try(name string) error {
	for _, hierarchy := range hierarchies() {
		path := filepath.Join(hierarchy, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing a cgroup: %w", err)
		}
	}
	return nil
}

// Sweep kills what runs in a cgroup and below it, and removes it.
func Sweep(name string) error {
	if name == "" {
		return errors.New("sweeping cgroups: without a name these would be everybody's")
	}
	var errs []error
	for _, hierarchy := range hierarchies() {
		path := filepath.Join(hierarchy, name)
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			err := remove(path)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				errs = append(errs, fmt.Errorf("removing the cgroup %s: %w", path, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// remove tries once: the deepest cgroups go first.
func remove(path string) error {
	var dirs []string
	err := filepath.WalkDir(path, func(dir string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			dirs = append(dirs, dir)
		}
		return nil // what goes away meanwhile need not be removed
	})
	for _, dir := range slices.Backward(dirs) {
		kill(dir)
		if e := os.Remove(dir); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = e
		}
	}
	return err
}

func kill(dir string) {
	content, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for field := range strings.FieldsSeq(string(content)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 0 { // 0 is one that we cannot see
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
