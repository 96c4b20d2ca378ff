package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tree is the text of each file of a repository, by its path.
type tree map[string][]byte

// wanted are the files that the measures look at.
func wanted(path string) bool {
	return strings.HasSuffix(path, ".go") || path == contributing
}

// readDir reads the files below a directory.
func readDir(dir string) (tree, error) {
	t := tree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != dir && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata") {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() || !wanted(filepath.ToSlash(rel)) {
			return err
		}
		t[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	return t, err
}

// readCommit reads the files of a commit of the repository in the working
// directory.
func readCommit(commit string) (tree, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("git", "archive", "--format=tar", commit)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w: %s", commit, err, stderr.Bytes())
	}
	t := tree{}
	for files := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading commit %s: %w", commit, err)
		}
		if !wanted(h.Name) {
			continue
		}
		if t[h.Name], err = io.ReadAll(files); err != nil {
			return nil, fmt.Errorf("reading %s of commit %s: %w", h.Name, commit, err)
		}
	}
}
