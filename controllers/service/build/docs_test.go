package build

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/test/golden"
)

// TestTheDocsHaveTheTable compares the table of annotations with the code's.
func TestTheDocsHaveTheTable(t *testing.T) {
	const path, begin, end = "../../../docs/services.md", "<!-- annotations -->\n", "<!-- /annotations -->\n"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(content), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for the table", path)
	}
	golden.Check(t, path, head+begin+table()+end+tail)
}

func table() string {
	var b strings.Builder
	b.WriteString("| annotation | values | what it does | on |\n|---|---|---|---|\n")
	for _, a := range Annotations {
		on := "both"
		if a.Cloud != "" {
			on = clouds[a.Cloud]
		}
		does := a.Meaning
		if a.Effect != Followed {
			does = string(a.Effect) + ": " + a.Meaning
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", a.Key, a.Values, does, on)
	}
	return b.String()
}
