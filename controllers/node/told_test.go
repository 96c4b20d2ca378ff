package node

import (
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Whoever leads tells once why a Node waits, also where an earlier leader has
// written the condition: that one's Event may not have been sent (I7).
func TestEveryLeaderTellsWhyANodeWaits(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		w.heard = make(chan string, 100)
		w.mu.Lock()
		w.requests[0].Status.Ranges[0].CIDR = "10.0.0.0/28"
		w.mu.Unlock()
		events := func() (n int) {
			for len(w.heard) > 0 {
				if strings.Contains(<-w.heard, v1alpha1.ReasonRangeExhausted) {
					n++
				}
			}
			return n
		}
		w.addNode("a")
		w.addNode("b") // for which there is no room
		for _, leader := range []string{"the first", "the next"} {
			m := w.lead()
			time.Sleep(5 * time.Minute)
			if n := events(); n != 1 {
				t.Errorf("%s leader told %d times", leader, n)
			}
			m.stop()
			time.Sleep(time.Minute)
		}
	})
}
