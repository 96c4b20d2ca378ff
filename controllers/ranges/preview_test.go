package ranges

import (
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// TestADryRunOnlyReports: what would be created, and later what growth would
// carve, each once; no call changes the VPC and no object is written.
func TestADryRunOnlyReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, growingRequest("pods", 24))
	report := func(want string) {
		t.Helper()
		version := w.get("pods").ResourceVersion
		w.c.DryRun = true
		w.reconcile("pods")
		w.reconcile("pods")
		w.c.DryRun = false
		select {
		case got := <-w.events.Events:
			if !strings.Contains(got, want) {
				t.Errorf("reported %q, want %q", got, want)
			}
		default:
			t.Errorf("no Event says %q", want)
		}
		if len(w.events.Events) > 0 {
			t.Error("it is reported twice")
		}
		if got := w.get("pods"); got.ResourceVersion != version {
			t.Errorf("the request was written: %+v", got)
		}
	}
	report("carve 10.0.0.0/24 in subnet a as " + own(0))
	if len(w.ranges) > 0 || w.calls > 0 {
		t.Fatalf("the VPC has %v after %d calls", w.ranges, w.calls)
	}
	w.reconcile("pods")
	w.event(v1alpha1.ReasonReady)
	report("nothing to do")
	w.nodes = append(w.nodes, node("n1", "10.0.0.0/24", ""))
	report("carve 10.0.1.0/24 in subnet a as " + own(1))
	if len(w.ranges) != 1 {
		t.Errorf("the VPC has %v", w.ranges)
	}
}
