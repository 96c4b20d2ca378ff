// Package docs holds what the documentation must name: every reason, every
// metric.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func operations(t *testing.T) string {
	t.Helper()
	var all string
	for _, file := range []string{"docs/operations.md", "docs/services.md", "docs/pods.md"} {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		all += string(content)
	}
	return all
}

// wellSaid are reasons that ask nobody for anything.
var wellSaid = map[string]bool{
	"Ready": true, "InsideSupernets": true, "Grown": true, "Reclaimed": true, "OrphanRemoved": true, "Adopted": true, "None": true,
	"RoomLeft": true, "EnsuredLoadBalancer": true, "DeletedLoadBalancer": true, "Planned": true, "PodRangeReady": true, "Attaching": true,
	"Asked": true, "Chosen": true, "Granted": true, "Unwanted": true,
}

// reason is a constant of one, of whatever package.
var reason = regexp.MustCompile(`(?m)^\s+(?:Reason)?[A-Z]\w* +(?:Reason )?= "([A-Z]\w+)"`)

func TestEveryReasonIsDocumented(t *testing.T) {
	t.Parallel()
	docs := operations(t)
	for path, least := range map[string]int{"api/v1alpha1/conditions.go": 40, "ipam/plan/action.go": 12, "cloud/errors.go": 12} {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		found := reason.FindAllStringSubmatch(string(content), -1)
		if len(found) < least {
			t.Errorf("only %d reasons were found in %s", len(found), path)
		}
		for _, m := range found {
			if !wellSaid[m[1]] && !regexp.MustCompile(`\b`+m[1]+`\b`).MatchString(docs) {
				t.Errorf("docs/operations.md, services.md and pods.md do not say what %s means (%s)", m[1], path)
			}
		}
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
			t.Errorf("docs/operations.md, services.md and pods.md do not name the metric %s", name)
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d metrics were found", len(found))
	}
}

// TestFilesOnTheMapAreThere: CONTRIBUTING.md names the files that a Node, a range
// and a Service pass.
func TestFilesOnTheMapAreThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9_/]+\\.go)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 20 {
		t.Errorf("only %d files are named", len(named))
	}
	for _, m := range named {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Error(err)
		}
	}
}
