package aws

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePolicyIsWhatIsCalled: deploy/aws/policy.json allows just what the
// adapter does, and the documentation names it. The actions are read where they
// are written, so that a new one cannot be forgotten here.
func TestThePolicyIsWhatIsCalled(t *testing.T) {
	t.Parallel()
	called := map[string]bool{"ec2:CreateTags": true} // of a reservation, as it is made
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	constant := regexp.MustCompile(`(?m)^\taction\w+ += "(\w+)"$`)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
			for _, m := range constant.FindAllStringSubmatch(contentOf(t, f.Name()), -1) {
				called["ec2:"+m[1]] = true
			}
		}
	}
	if len(called) < 12 {
		t.Fatalf("only %d actions were found", len(called))
	}
	var policy struct {
		Statement []struct{ Action []string }
	}
	if err := json.Unmarshal([]byte(contentOf(t, "../../deploy/aws/policy.json")), &policy); err != nil {
		t.Fatal(err)
	}
	allowed, documented := map[string]bool{}, map[string]bool{}
	for _, s := range policy.Statement {
		for _, a := range s.Action {
			allowed[a] = true
		}
	}
	for _, a := range regexp.MustCompile("`(ec2:\\w+)`").FindAllStringSubmatch(contentOf(t, "../../docs/operations.md"), -1) {
		documented[a[1]] = true
	}
	for name, got := range map[string]map[string]bool{"the policy": allowed, "docs/operations.md": documented} {
		if !maps.Equal(got, called) {
			t.Errorf("%s has %v\ncalled are %v", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(called)))
		}
	}
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
