package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
)

const module = "github.com/vpcnative/vpcnative/"

// source is one file of the product.
type source struct {
	path  string
	lines int
	file  *ast.File
}

func (s source) dir() string { return path.Dir(s.path) }

// product are the folders that are shipped; what stands for something in tests is not.
var (
	product    = []string{"api/", "assign/", "cmd/", "cloud/", "controllers/", "deploy/", "ipam/", "lean/"}
	simulators = []string{"cloud/aws/awssim/", "cloud/cloudtest/", "cloud/gcp/gcesim/", "cloud/simulate/", "controllers/loadbalancer/fake/", "controllers/node/claims/claimstest/"}
)

func startsWithOne(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) })
}

// split parses what is shipped, in the order of paths, and counts the lines of
// the rest: of simulators and programs that tests run, and of tests.
func split(t tree, at *token.FileSet) (shipped []source, doubles, tests int, err error) {
	for _, path := range slices.Sorted(maps.Keys(t)) {
		lines := bytes.Count(t[path], []byte("\n"))
		switch {
		case !strings.HasSuffix(path, ".go"):
			continue
		case strings.HasSuffix(path, "_test.go"):
			tests += lines
			continue
		case !startsWithOne(path, product) || startsWithOne(path, simulators):
			doubles += lines
			continue
		}
		file, err := parser.ParseFile(at, path, t[path], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, 0, 0, fmt.Errorf("parsing: %w", err)
		}
		if !ast.IsGenerated(file) {
			shipped = append(shipped, source{path, lines, file})
		}
	}
	return shipped, doubles, tests, nil
}
