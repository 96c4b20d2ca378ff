package node

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// says returns the status of a Node's NetworkUnavailable; empty without.
func (w *world) says(name string) corev1.ConditionStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cond := nodestatus.NetworkCondition(w.nodes[name]); cond != nil {
		return cond.Status
	}
	return ""
}

// publishes waits until the Node publishes podCIDRs.
func (w *world) publishes(name string) {
	w.t.Helper()
	for range 1000 {
		if w.published(name) != "" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("%s publishes nothing", name)
}

func TestANodeHearsOnceThatItsNetworkIsThere(t *testing.T) {
	for name, before := range map[string][]corev1.NodeCondition{
		"a Node that said nothing of it": nil,
		"a Node that it held up":         {{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: "NoRouteCreated"}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				n := w.addNode("a")
				w.mu.Lock()
				n.Status.Conditions = before
				w.mu.Unlock()
				w.publishes("a")
				time.Sleep(time.Second)
				if got := w.says("a"); got != corev1.ConditionFalse {
					t.Errorf("the Node says %q", got)
				}
				time.Sleep(time.Minute)
				w.mu.Lock()
				defer w.mu.Unlock()
				if times := w.reported["a"]; times != 1 {
					t.Errorf("it heard it %d times", times)
				}
			})
		})
	}
}

func TestAReportThatFailsComesAgain(t *testing.T) {
	for name, next := range map[string]bool{"of the same manager": false, "of the next manager": true} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				fail := true
				w.mu.Lock()
				w.refuseConditions = func() bool { return fail }
				w.mu.Unlock()
				w.addNode("a")
				w.publishes("a")
				time.Sleep(5 * time.Second)
				if got := w.says("a"); got != "" {
					t.Fatalf("nothing can be written, and the Node says %s", got)
				}
				if next {
					m.stop()
				}
				w.mu.Lock()
				fail = false
				w.mu.Unlock()
				if next {
					m = w.lead()
					defer m.stop()
				}
				time.Sleep(2 * time.Minute)
				if got := w.says("a"); got != corev1.ConditionFalse {
					t.Errorf("the Node says %q", got)
				}
			})
		})
	}
}
