package node

import (
	"strings"
	"testing"
	"time"
)

// Other writers of Nodes, such as kubelets, are no reason for anything.
func TestAConflictIsNoReason(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		w.conflicts = 20
		w.heard = make(chan string, 1000)
		m := w.lead()
		defer m.stop()
		w.addNode("a")
		time.Sleep(time.Minute)
		if w.published("a") == "" {
			t.Error("the Node has no range")
		}
		for len(w.heard) > 0 {
			if said := <-w.heard; strings.Contains(said, "onflict") || strings.Contains(said, "Unavailable") {
				t.Errorf("an Event says %q", said)
			}
		}
	})
}
