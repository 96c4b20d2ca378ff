package node

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
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
		if len(m.c.gate.in) > 0 {
			t.Errorf("places are held by %v", m.c.gate.in)
		}
	})
}

// A place is idle from the call of a Node until that Node comes, or is given
// up.
func TestAPlaceIsIdleUntilTheCalledNodeComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		idle := func() bool {
			select {
			case <-g.taken():
				return false
			default:
				return true
			}
		}
		g.enter("1", "a")
		g.enter("2", "b")
		if idle() {
			t.Error("it is idle while the place is taken")
		}
		g.leave("1")
		if !idle() {
			t.Error("b is called, and the place is not idle")
		}
		called := g.taken()
		g.enter("2", "b")
		if _, open := <-called; open || idle() {
			t.Error("it is idle after b has come")
		}
		g.enter("3", "gone")
		g.leave("2")
		if !idle() {
			t.Error("a Node is called, and the place is not idle")
		}
		time.Sleep(comeBy)
		if idle() {
			t.Error("it waits forever for a Node that is gone")
		}
		if len(g.calls) > 0 || len(g.called) > 0 {
			t.Errorf("calls are kept: %v, %v", g.calls, g.called)
		}
	})
}

// Calls are remembered no longer than they are waited for, also where nobody
// asks whether a place is idle.
func TestCallsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		g.enter("0", "0")
		for i := range 100 {
			next := types.UID(fmt.Sprint(i + 1))
			g.enter(next, string(next))
			g.leave(types.UID(fmt.Sprint(i)))
			if i%2 == 0 {
				g.enter(next, string(next))
			} else { // it is gone; another comes
				time.Sleep(comeBy)
				g.enter(next, "another")
			}
		}
		if len(g.calls) > 1 || len(g.called) > 1 {
			t.Errorf("%d calls and %d names are kept", len(g.calls), len(g.called))
		}
	})
}
