package node

import (
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// write is another allocator's.
func (w *world) write(name, cidr string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.nodes[name]; n != nil && len(n.Spec.PodCIDRs) == 0 {
		n.Spec.PodCIDR, n.Spec.PodCIDRs = cidr, []string{cidr}
		w.changed(name)
	}
}

const (
	rivalled = "True ForeignPodCIDR"
	noRival  = "False NoRival"
	outside  = "172.16.0.0/24"
	inside   = "10.0.0.240/28"
)

func TestARivalStopsARequestUntilAWaitingNodeShowsThatItIsGone(t *testing.T) {
	for name, cidr := range map[string]string{"it writes outside the ranges": outside, "it writes inside the ranges": inside} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				time.Sleep(10 * time.Second)
				w.addNode("a")
				w.write("a", cidr)
				time.Sleep(10 * time.Second)
				if got := w.condition("pods", v1alpha1.ConditionAllocatorConflict); got != rivalled {
					t.Fatalf("the condition says %q", got)
				}
				time.Sleep(time.Hour)
				if got := w.condition("pods", v1alpha1.ConditionAllocatorConflict); got != rivalled {
					t.Errorf("no Node waited, so nothing shows that the rival is gone; the condition says %q", got)
				}
				w.addNode("b")
				time.Sleep(time.Minute)
				if got := w.reason("b"); got != v1alpha1.ReasonForeignPodCIDR || w.published("b") != "" || len(w.carries("b")) > 0 {
					t.Errorf("b waits for %q, publishes %q and carries %v", got, w.published("b"), w.carries("b"))
				}
				time.Sleep(2 * time.Minute)
				if got := w.published("b"); got == "" || w.condition("pods", v1alpha1.ConditionAllocatorConflict) != noRival {
					t.Errorf("b publishes %q; the condition says %q", got, w.condition("pods", v1alpha1.ConditionAllocatorConflict))
				}
				w.addNode("c")
				time.Sleep(10 * time.Second)
				if w.published("c") == "" {
					t.Errorf("c waits for %q", w.reason("c"))
				}
				if w.published("a") != cidr {
					t.Errorf("a publishes %s", w.published("a"))
				}
			})
		})
	}
}

// A further request whose Nodes it serves does not hide that the first could
// go on.
func TestANodeThatAFurtherRequestHasNoRoomForShowsThatTheRivalIsGone(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		time.Sleep(10 * time.Second)
		w.addNode("a")
		w.write("a", outside)
		time.Sleep(10 * time.Second)
		w.grant("other", "10.1.0.0/28", 28)
		m.c.again <- struct{}{}
		time.Sleep(10 * time.Second)
		w.addNode("b")
		time.Sleep(10 * time.Second)
		if w.published("b") == "" {
			t.Errorf("b waits for %q", w.reason("b"))
		}
		w.addNode("c")
		time.Sleep(5 * time.Minute)
		if got := w.published("c"); got == "" || w.condition("pods", v1alpha1.ConditionAllocatorConflict) != noRival {
			t.Errorf("c publishes %q and waits for %q; the condition says %q", got, w.reason("c"), w.condition("pods", v1alpha1.ConditionAllocatorConflict))
		}
	})
}

func TestARivalThatGoesOnIsNeverFought(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		time.Sleep(10 * time.Second)
		w.addNode("a")
		w.write("a", outside)
		time.Sleep(10 * time.Second)
		for _, name := range []string{"b", "c", "d", "e"} {
			w.addNode(name)
			time.Sleep(90 * time.Second) // it is slow, but faster than our patience
			w.write(name, "172.16.1.0/24")
			time.Sleep(time.Minute)
			if len(w.carries(name)) > 0 || w.condition("pods", v1alpha1.ConditionAllocatorConflict) != rivalled {
				t.Errorf("%s carries %v; the condition says %q", name, w.carries(name), w.condition("pods", v1alpha1.ConditionAllocatorConflict))
			}
		}
	})
}

func TestNodesFromBeforeStopNothing(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		w.addNode("old")
		w.write("old", outside)
		already(w, "older", netip.MustParsePrefix(inside), true)
		time.Sleep(time.Hour)
		for range 2 {
			m := w.lead()
			time.Sleep(time.Minute)
			w.addNode("new")
			time.Sleep(10 * time.Second)
			if w.published("new") == "" || w.condition("pods", v1alpha1.ConditionAllocatorConflict) != "" {
				t.Errorf("new waits for %q; the condition says %q", w.reason("new"), w.condition("pods", v1alpha1.ConditionAllocatorConflict))
			}
			w.mu.Lock()
			old := w.nodes["old"]
			w.mu.Unlock()
			if !hasCondition(old, nodestatus.ConditionForeign, corev1.ConditionTrue) {
				t.Error("the old Node outside the ranges is not reported")
			}
			w.deleteNode("new", true)
			time.Sleep(10 * time.Minute)
			m.stop()
			time.Sleep(time.Minute)
		}
	})
}

func TestAStoppedRequestStaysStoppedAcrossARestart(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		time.Sleep(10 * time.Second)
		w.addNode("a")
		w.write("a", outside)
		time.Sleep(10 * time.Second)
		m.stop()
		next := w.lead()
		defer next.stop()
		w.addNode("b")
		time.Sleep(time.Minute)
		if got := w.reason("b"); got != v1alpha1.ReasonForeignPodCIDR {
			t.Errorf("b waits for %q", got)
		}
		time.Sleep(2 * time.Minute)
		if w.published("b") == "" {
			t.Errorf("b waits for %q", w.reason("b"))
		}
	})
}

func TestARivalsWriteIsSeenThoughAReadingFoundItFirst(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		time.Sleep(10 * time.Second)
		w.addNode("a")
		w.mu.Lock()
		w.nodes["a"].Spec.PodCIDRs = []string{inside}
		w.mu.Unlock()
		m.c.again <- struct{}{}
		_ = m.c.restore(t.Context(), claims.Records{})
		time.Sleep(10 * time.Second)
		if got := w.condition("pods", v1alpha1.ConditionAllocatorConflict); got != rivalled {
			t.Errorf("the condition says %q", got)
		}
	})
}

func TestAHandMadeAliasIsReportedAndLeftAlone(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		p := netip.MustParsePrefix(inside)
		w.mu.Lock()
		w.instances["vm-a"].prefixes = append(w.instances["vm-a"].prefixes, p)
		w.instances["vm-a"].born = p
		w.mu.Unlock()
		time.Sleep(11 * time.Minute)
		if got := w.condition("pods", v1alpha1.ConditionForeignAlias); got != "True ForeignAlias" {
			t.Errorf("the condition says %q", got)
		}
		w.mu.Lock()
		w.instances["vm-a"].prefixes = w.instances["vm-a"].prefixes[:1]
		w.mu.Unlock()
		time.Sleep(11 * time.Minute)
		if got := w.condition("pods", v1alpha1.ConditionForeignAlias); got != "False None" {
			t.Errorf("it is gone; the condition says %q", got)
		}
	})
}

func TestOverlappingRangesAreReported(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.grant("other", "10.0.0.0/25", 28)
		m.c.again <- struct{}{}
		time.Sleep(10 * time.Second)
		if got := w.condition("other", v1alpha1.ConditionRangesOverlap); got != "True Overlap" {
			t.Errorf("the condition of the younger request says %q", got)
		}
		if got := w.condition("pods", v1alpha1.ConditionRangesOverlap); got != "" {
			t.Errorf("the condition of the older request says %q", got)
		}
	})
}
