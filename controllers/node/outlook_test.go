package node

import (
	"net/netip"
	"testing"
	"time"
)

// Nobody may take it that nothing is held before everything has been read (I8).
func TestBeforeTheRestoreAnyPrefixMayBeHeld(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		at := netip.MustParsePrefix("10.0.0.0/24")
		w.closed = true // until it can be opened, nothing of it is known
		m := w.lead()
		if got := m.c.Look(at); got.Known || got.Held == "" || !got.ByNode {
			t.Errorf("before: %+v", got)
		}
		w.mu.Lock()
		w.closed = false
		w.mu.Unlock()
		time.Sleep(time.Minute)
		if got := m.c.Look(at); !got.Known || got.Held != "" || got.ByNode {
			t.Errorf("after: %+v", got)
		}
		m.stop()
	})
}
