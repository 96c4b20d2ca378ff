package trial_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/test/lab/needs"
	"github.com/vpcnative/vpcnative/test/lab/netns"
	"github.com/vpcnative/vpcnative/test/lab/trial"
)

// TestWhatIsRefusedIsNamed: a namespace that is there already stands for one that
// cannot be made, and a program that is none for a container that does not run.
func TestWhatIsRefusedIsNamed(t *testing.T) {
	needs.Packets(t)
	prefix := fmt.Sprintf("trial%d-", os.Getpid())
	t.Cleanup(func() {
		if err := netns.Sweep(context.Background(), prefix); err != nil {
			t.Error(err)
		}
	})
	if err := trial.Packets(t.Context(), prefix); err != nil {
		t.Fatal(err)
	}
	if err := trial.Packets(t.Context(), prefix); err == nil || !strings.HasPrefix(err.Error(), "making a network namespace") {
		t.Errorf("a second time: %v", err)
	}
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("a container needs runc")
	}
	if err := netns.Sweep(t.Context(), prefix); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "app")
	if err := os.WriteFile(none, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := trial.Run(t.Context(), prefix, t.TempDir(), none)
	if err == nil || !strings.Contains(err.Error(), "running a container") && !strings.Contains(err.Error(), "queueing packets") {
		t.Errorf("a container without a program: %v", err)
	}
}
