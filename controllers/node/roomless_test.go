package node

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// Nodes that wait for room are looked at once, and their instances not again
// and again; when there is room the first of them gets it.
func TestNodesThatWaitForRoomAreNotLookedAt(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		const fit, waiting = 16, 50
		for n := range fit {
			w.addNode(fmt.Sprintf("a%02d", n))
		}
		time.Sleep(time.Minute)
		for n := range waiting {
			w.addNode(fmt.Sprintf("b%02d", n))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		if got := w.reason("b49"); got != v1alpha1.ReasonRangeExhausted {
			t.Fatalf("b49 waits for %q", got)
		}
		w.mu.Lock()
		before := w.gets
		w.mu.Unlock()
		for range 360 {
			time.Sleep(10 * time.Second)
			m.c.again <- struct{}{} // the request's status changes now and then
		}
		w.mu.Lock()
		looks := w.gets - before
		w.mu.Unlock()
		if looks > waiting {
			t.Errorf("%d looks at instances in an hour", looks)
		}
		w.deleteNode("a00", true)
		time.Sleep(5 * time.Minute)
		if w.published("b00") == "" {
			t.Errorf("b00 still waits for %q although there is room", w.reason("b00"))
		}
	})
}

// What is remembered of a Node goes with it, also where it never got a range.
func TestNothingIsRememberedOfANodeThatWaitedAndWent(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		for n := range 17 {
			w.addNode(fmt.Sprintf("a%02d", n))
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		if m.c.backoff.NumRequeues("a16") == 0 {
			t.Fatal("the last Node does not wait")
		}
		w.deleteNode("a16", true)
		time.Sleep(5 * time.Minute)
		if got := m.c.backoff.NumRequeues("a16"); got > 0 {
			t.Errorf("its backoff is kept: %d", got)
		}
		if m.c.status.Remembers("a16") {
			t.Error("something else is kept")
		}
	})
}

// A Node whose podCIDRs somebody else set before there was a request that
// selects it is told so at once.
func TestForeignPodCIDRsOlderThanTheRequestAreSaidAtOnce(t *testing.T) {
	for name, granted := range map[string]bool{"a request without a range": false, "one with a range": true} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.mu.Lock()
				later := w.requests
				w.requests = []v1alpha1.RangeRequest{{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Custom}}}
				w.mu.Unlock()
				m.c.again <- struct{}{}
				time.Sleep(time.Second)
				n := w.addNode("old")
				w.mu.Lock()
				n.Spec.PodCIDRs = []string{"192.168.7.0/24"}
				w.changed("old")
				w.mu.Unlock()
				time.Sleep(10 * time.Second)
				w.mu.Lock()
				if !granted {
					later[0].Status.Ranges = nil
				}
				w.requests = later
				w.mu.Unlock()
				m.c.again <- struct{}{} // as the watch of requests does
				time.Sleep(3 * time.Second)
				w.mu.Lock()
				defer w.mu.Unlock()
				for _, cond := range w.nodes["old"].Status.Conditions {
					if cond.Type == nodestatus.ConditionForeign && cond.Status == corev1.ConditionTrue {
						return
					}
				}
				t.Error("it is not said")
			})
		})
	}
}
