package e2e

import (
	"os"
	"strings"
	"testing"
)

func TestEveryCommandIsDocumented(t *testing.T) {
	t.Parallel()
	const file = "../../docs/testing.md"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name := range commands() {
		if !strings.Contains(string(content), "`"+name) {
			t.Errorf("%s does not list the command %s", file, name)
		}
	}
}
