// Package docs holds what the documentation must name: every reason, every
// metric.
package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

func operations(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// wellSaid are reasons that ask nobody for anything.
var wellSaid = map[string]bool{
	"Ready": true, "InsideSupernets": true, "Grown": true, "GivenBack": true, "Adopted": true, "None": true,
	"RoomLeft": true, "PodRangeReady": true, "Attaching": true,
}

func TestEveryReasonIsDocumented(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "api/v1alpha1/conditions.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	docs, found := operations(t), 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(v.Names[0].Name, "Reason") {
			return true
		}
		found++
		reason, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if !wellSaid[reason] && !regexp.MustCompile(`\b`+reason+`\b`).MatchString(docs) {
			t.Errorf("docs/operations.md does not say what %s means", reason)
		}
		return true
	})
	if found < 30 {
		t.Errorf("only %d reasons were found", found)
	}
}

var (
	metric = regexp.MustCompile(`"(vpcnative_[a-z0-9_]+)"`)
	braces = regexp.MustCompile(`([a-z_]*)\{([a-z_,]+)\}([a-z_]*)`)
)

func TestEveryMetricIsDocumented(t *testing.T) {
	t.Parallel()
	docs, found := operations(t), map[string]bool{}
	for _, m := range braces.FindAllStringSubmatch(docs, -1) {
		for _, part := range strings.Split(m[2], ",") {
			docs += " " + m[1] + part + m[3]
		}
	}
	for _, dir := range []string{"controllers", "cloud", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			for _, m := range metric.FindAllStringSubmatch(string(content), -1) {
				found[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range found {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(docs) {
			t.Errorf("docs/operations.md does not name the metric %s", name)
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d metrics were found", len(found))
	}
}
