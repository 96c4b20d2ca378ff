package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// special makes a request for the Nodes of that label, which nobody tells the
// controller of.
func (w *world) special(t *testing.T) netip.Prefix {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := *w.requests[0].DeepCopy()
	r.Name, r.UID = "special", "s"
	r.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"pool": "special"}}
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.9.0.0/24", Subnet: "nodes", Name: "vn-special"}}
	w.requests = append(w.requests, r)
	return netip.MustParsePrefix("10.9.0.0/24")
}

// label sets the label on the Node.
func (w *world) label(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nodes[name].Labels = map[string]string{"pool": "special"}
	w.changed(name)
}

func (w *world) inRange(t *testing.T, name string, of netip.Prefix) {
	t.Helper()
	p, err := netip.ParsePrefix(w.published(name))
	if err != nil || !of.Overlaps(p) {
		t.Errorf("%s publishes %q, which is none of %s", name, w.published(name), of)
	}
}

// TestANodeIsServedByTheRequestsOfItsTime: a request is there before the Node
// that it selects, and the catalog was read before both.
func TestANodeIsServedByTheRequestsOfItsTime(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.someNodes(1)
		of := w.special(t)
		w.addNode("a")
		w.label("a")
		time.Sleep(time.Minute)
		w.inRange(t, "a", of)
	})
}

// TestANodeThatWaitedIsServedByTheRequestsOfNow: room comes in a range that a
// more particular request has taken the Node from meanwhile.
func TestANodeThatWaitedIsServedByTheRequestsOfNow(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		names := w.someNodes(16)
		w.addNode("late")
		w.label("late")
		time.Sleep(time.Minute)
		if got := w.published("late"); got != "" {
			t.Fatalf("late publishes %s out of a full range", got)
		}
		of := w.special(t)
		w.deleteNode(names[0], true)
		time.Sleep(20 * time.Minute)
		w.inRange(t, "late", of)
	})
}
