package apiserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	assetsEnv  = "KUBEBUILDER_ASSETS"
	modulePath = "github.com/vpcnative/vpcnative"
)

// Asset finds a control-plane binary: in KUBEBUILDER_ASSETS where that is set,
// else in bin/controlplane of the repository that holds the working directory
// or this program.
func Asset(name string) (string, error) {
	if dir := os.Getenv(assetsEnv); dir != "" {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("finding %s: %s is set to %s, which has none: put it there, or unset the variable and run `make controlplane`", name, assetsEnv, dir)
		}
		return path, nil
	}
	root, err := RepositoryRoot()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w; set %s to a directory that has it", name, err, assetsEnv)
	}
	path := filepath.Join(root, "bin", "controlplane", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("finding %s: there is no %s: run `make controlplane` once (it takes minutes), or set %s", name, path, assetsEnv)
	}
	return path, nil
}

// RepositoryRoot is the directory of this module's go.mod, looked for upwards
// from the working directory and then from this program.
func RepositoryRoot() (string, error) {
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if exe, err := os.Executable(); err == nil {
		from = append(from, filepath.Dir(exe))
	}
	for _, dir := range from {
		for {
			content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && strings.HasPrefix(string(content), "module "+modulePath+"\n") {
				return dir, nil
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "", errors.New("neither the working directory nor this program lies in a clone of the repository")
}
