package node

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// A burst of deletions is bounded like one of joins: no more operations at once
// than the cloud may be asked for, and each of them comes to its end.
func TestDetachmentsAreBounded(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		const most, nodes = 2, 12
		w.inFlight = most
		m := w.lead()
		defer m.stop()
		for i := range nodes {
			w.addNode(fmt.Sprint("n", i))
		}
		time.Sleep(2 * time.Minute)
		asked := map[string]time.Time{}
		w.mu.Lock()
		w.script = func(act, id string, _ netip.Prefix) error {
			under := 0
			for other, at := range asked {
				if other != id && time.Since(at) < 4*time.Second && len(w.instances[other].prefixes) > 0 {
					under++
				}
			}
			if act == "detach" && under >= most {
				t.Errorf("%d detachments are under way", under+1)
			}
			asked[id] = time.Now()
			return nil
		}
		w.mu.Unlock()
		for i := range nodes {
			w.deleteNode(fmt.Sprint("n", i), false)
		}
		w.confirm("12")
		time.Sleep(5 * time.Minute)
		for i := range nodes {
			if got := w.carries(fmt.Sprint("n", i)); len(got) > 0 {
				t.Errorf("n%d still carries %v", i, got)
			}
		}
		if n := m.c.limiter.Busy(); n > 0 {
			t.Errorf("%d places are held", n)
		}
	})
}
