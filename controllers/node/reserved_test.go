package node

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// reserve has the Network reserve blocks from now on.
func (w *world) reserve(m *process, cidrs ...v1alpha1.CIDR) {
	w.mu.Lock()
	w.network.Spec.Reserved = nil
	for _, c := range cidrs {
		w.network.Spec.Reserved = append(w.network.Spec.Reserved, v1alpha1.ReservedBlock{CIDR: c, Reason: "the office"})
	}
	w.mu.Unlock()
	m.c.again <- struct{}{}
	time.Sleep(time.Minute)
}

// TestWhatIsReservedOverARangeIsGivenToNobody: those that have it keep it, what
// they give back stays free of Nodes, under any leader; until it is reserved no
// longer.
func TestWhatIsReservedOverARangeIsGivenToNobody(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		names := w.someNodes(8) // of the 16 that the range holds
		half := netip.MustParsePrefix("10.0.0.0/25")
		had := map[string]string{}
		for _, n := range names {
			had[n] = w.published(n)
		}
		w.reserve(m, "10.0.0.0/25")
		keepers := 0
		for _, n := range names {
			if w.published(n) != had[n] || len(w.carries(n)) != 1 {
				t.Errorf("%s had %s, and publishes %s", n, had[n], w.published(n))
			}
			if half.Contains(netip.MustParsePrefix(had[n]).Addr()) && n != names[0] {
				keepers++
			}
		}
		w.deleteNode(names[0], true)
		time.Sleep(10 * time.Minute)
		for round := range 2 {
			for i := range 16 {
				w.addNode(fmt.Sprintf("late%d-%d", round, i))
			}
			time.Sleep(time.Minute)
			inside := 0
			w.mu.Lock()
			for _, n := range w.nodes {
				for _, p := range podCIDRsOf(n) {
					if half.Overlaps(p) {
						inside++
					}
				}
			}
			w.mu.Unlock()
			if inside != keepers {
				t.Errorf("%d Nodes are in what is reserved, and %d were before", inside, keepers)
			}
			m.stop()
			m = w.lead()
			time.Sleep(time.Minute)
		}
		w.reserve(m)
		time.Sleep(10 * time.Minute)
		inside := 0
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, n := range w.nodes {
			if len(n.Spec.PodCIDRs) > 0 && half.Overlaps(podCIDRsOf(n)[0]) {
				inside++
			}
		}
		if inside != 8 {
			t.Errorf("%d of 8 pieces are in use, though Nodes wait", inside)
		}
	})
}
