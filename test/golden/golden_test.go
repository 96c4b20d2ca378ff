package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listener notes what a test would have failed with.
type listener struct {
	testing.TB
	said []string
}

func (l *listener) Errorf(format string, _ ...any) { l.said = append(l.said, format) }

func TestADifferenceFailsAndIsWrittenWhenAsked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.golden")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		write, got, holds string
		fails             bool
	}{
		{"", "old", "old", false},
		{"", "new", "old", true},
		{"1", "new", "new", false},
		{"", "new", "new", false},
	} {
		t.Setenv(writeEnv, step.write)
		l := &listener{TB: t}
		Check(l, file, step.got)
		holds, err := os.ReadFile(file)
		if err != nil || string(holds) != step.holds || (len(l.said) > 0) != step.fails {
			t.Errorf("%+v: it holds %q (%v), and said %q", step, holds, err, l.said)
		}
		if step.fails && !strings.Contains(l.said[0], "make golden") {
			t.Errorf("it does not say what to do: %q", l.said[0])
		}
	}
}
