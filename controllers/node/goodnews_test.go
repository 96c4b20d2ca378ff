package node

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// says gives the status of a Node's NetworkUnavailable; empty without.
func (w *world) says(name string) corev1.ConditionStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cond := networkCondition(w.nodes[name]); cond != nil {
		return cond.Status
	}
	return ""
}

func (w *world) setFaults(percent int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = percent
}

// busyWithPodCIDRs adds a Node while podCIDRs are under way, and waits until
// it publishes its own.
func busyWithPodCIDRs(t *testing.T, w *world, m *process) {
	t.Helper()
	m.c.Writer.podCIDRs.begin()
	w.addNode("a")
	for range 100 {
		if w.published("a") != "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the Node publishes nothing")
}

func TestGoodNewsLetPodCIDRsPass(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		busyWithPodCIDRs(t, w, m)
		time.Sleep(reportBy - 10*time.Second)
		if got := w.says("a"); got != "" {
			t.Errorf("with podCIDRs under way the Node says %s", got)
		}
		m.c.Writer.podCIDRs.end()
		time.Sleep(lull + time.Second)
		if got := w.says("a"); got != corev1.ConditionFalse {
			t.Errorf("in a lull the Node says %q", got)
		}
	})
}

func TestGoodNewsDoNotWaitForLong(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		busyWithPodCIDRs(t, w, m)
		time.Sleep(reportBy + lull)
		if got := w.says("a"); got != corev1.ConditionFalse {
			t.Errorf("after %v the Node says %q", reportBy, got)
		}
	})
}

// A burst of Nodes may be so large that the last report waits for minutes.
func TestGoodNewsAreToldOnceHoweverLongTheyWait(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		const nodes = 60
		w.slowReport = 2 * time.Second
		busyWithPodCIDRs(t, w, m)
		for i := range nodes - 1 {
			w.addNode(fmt.Sprintf("n%02d", i))
		}
		time.Sleep(reportBy + nodes*w.slowReport/lateAtOnce + time.Minute)
		m.c.Writer.podCIDRs.end()
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.reported) != nodes {
			t.Errorf("of %d Nodes, %d heard that their network is there", nodes, len(w.reported))
		}
		for name, times := range w.reported {
			if times != 1 {
				t.Errorf("%s heard it %d times", name, times)
			}
		}
	})
}

func TestANodeThatIsHeldUpHearsAtOnce(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		m.c.Writer.podCIDRs.begin()
		n := w.addNode("a")
		w.mu.Lock()
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: "NoRouteCreated"}}
		w.mu.Unlock()
		for range 100 {
			if w.published("a") != "" {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if got := w.says("a"); w.published("a") == "" || got != corev1.ConditionFalse {
			t.Errorf("it publishes %q and says %q", w.published("a"), got)
		}
	})
}

func TestANodeThatComesToBeHeldUpHearsAtOnce(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		busyWithPodCIDRs(t, w, m)
		time.Sleep(time.Second)
		w.mu.Lock()
		w.nodes["a"].Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: "NoRouteCreated"}}
		w.changed("a")
		w.mu.Unlock()
		time.Sleep(2 * time.Second)
		if got := w.says("a"); got != corev1.ConditionFalse {
			t.Errorf("the Node says %s", got)
		}
		time.Sleep(reportBy)
		w.mu.Lock()
		defer w.mu.Unlock()
		if times := w.reported["a"]; times != 1 {
			t.Errorf("it heard it %d times", times)
		}
	})
}

func TestGoodNewsThatFailComeAgain(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		busyWithPodCIDRs(t, w, m)
		w.setFaults(100)
		m.c.Writer.podCIDRs.end()
		time.Sleep(5 * time.Second)
		if got := w.says("a"); got != "" {
			t.Fatalf("nothing can be written, and the Node says %s", got)
		}
		w.setFaults(0)
		time.Sleep(2 * time.Minute)
		if got := w.says("a"); got != corev1.ConditionFalse {
			t.Errorf("the Node says %q", got)
		}
	})
}

func TestTheNextManagerBringsWhatWasNotTold(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		busyWithPodCIDRs(t, w, m)
		m.stop()
		next := w.lead()
		defer next.stop()
		time.Sleep(time.Minute)
		if got := w.says("a"); got != corev1.ConditionFalse {
			t.Errorf("the Node says %q", got)
		}
	})
}
