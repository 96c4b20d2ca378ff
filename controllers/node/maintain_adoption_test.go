package node

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// onOverlay makes Nodes that an overlay network serves out of our range.
func onOverlay(w *world, nodes int) {
	for i := range nodes {
		already(w, fmt.Sprint("old-", i), netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/28", 16*i)), false)
	}
}

// attached counts those of them whose machine carries what they publish.
func (w *world) attached(nodes int) (n int) {
	for i := range nodes {
		n += len(w.carries(fmt.Sprint("old-", i)))
	}
	return n
}

// saysNothing reports that nothing was said of their network.
func (w *world) saysNothing(nodes int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range nodes {
		if cond := nodestatus.NetworkCondition(w.nodes[fmt.Sprint("old-", i)]); cond != nil {
			w.t.Errorf("old-%d says %s, %s", i, cond.Status, cond.Reason)
		}
	}
}

func (w *world) observed() int32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests[0].Status.ObservedNodes
}

func (w *world) adopt(a v1alpha1.Adoption) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests[0].Spec.Adoption = a
	w.requests[0].Generation++
}

func TestNodesOnAnOverlayAreObservedUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		const old = 4
		onOverlay(w, old)
		for range 2 { // a later leader finds no record of them either
			m := w.lead()
			time.Sleep(30 * time.Minute)
			if n := w.attached(old); n > 0 || w.observed() != old {
				t.Errorf("%d were attached unasked, %d are counted", n, w.observed())
			}
			w.saysNothing(old)
			synctest.Wait() // the findings are the run loop's
			if f := m.c.drift.findings; len(f) > 0 {
				t.Errorf("drift: %v", f)
			}
			m.stop()
		}
		m := w.lead()
		defer m.stop()
		late := w.addNode("old-4")
		w.mu.Lock()
		late.CreationTimestamp.Time = late.CreationTimestamp.Add(-time.Hour)
		late.Spec.PodCIDRs = []string{"10.0.0.64/28"}
		w.changed("old-4")
		w.mu.Unlock()
		time.Sleep(time.Minute)
		if n := w.attached(old + 1); n > 0 || w.observed() != old+1 {
			t.Errorf("one came later: %d are attached, %d are counted", n, w.observed())
		}
		w.addNode("new")
		time.Sleep(time.Minute)
		if got := w.published("new"); got == "" || len(w.carries("new")) != 1 {
			t.Errorf("a Node that nobody serves gets %q", got)
		}
		if no := m.c.releases.Refusal("pods"); no != nil {
			t.Errorf("a Node that is there after all is still taken back: %v", no.Text)
		}
		w.deleteNode("old-0", true)
		m.c.again <- struct{}{}
		time.Sleep(time.Minute)
		if w.observed() != old {
			t.Errorf("one went, and %d are counted", w.observed())
		}
	})
}

func TestAdoptionGoesNodeByNodeAndStopsAtAFailure(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		const old = 4
		onOverlay(w, old)
		m := w.lead()
		defer m.stop()
		time.Sleep(time.Minute)
		under, most := map[string]bool{}, 0
		fails := "vm-old-1"
		w.mu.Lock()
		w.script = func(act, id string, p netip.Prefix) error {
			for other := range under {
				if len(w.instances[other].prefixes) > 0 {
					delete(under, other)
				}
			}
			if id == fails {
				return fault(cloud.QuotaExceeded)
			}
			under[id] = true
			most = max(most, len(under))
			return nil
		}
		w.mu.Unlock()
		w.adopt(v1alpha1.AdoptionAttach)
		m.c.again <- struct{}{}
		time.Sleep(time.Hour)
		if n := w.attached(old); n == old || len(w.carries("old-1")) > 0 {
			t.Errorf("%d are attached though one fails", n)
		}
		n := w.attached(old)
		if got := w.condition("pods", v1alpha1.ConditionAdoptionStopped); got != "True QuotaExceeded" {
			t.Errorf("the request says %q", got)
		}
		w.mu.Lock()
		if cond := nodestatus.NetworkCondition(w.nodes["old-1"]); cond != nil {
			t.Errorf("a Node that serves says %s, %s", cond.Status, cond.Reason)
		}
		w.mu.Unlock()
		time.Sleep(time.Hour)
		if w.attached(old) != n {
			t.Error("it goes on while one fails")
		}

		w.mu.Lock()
		fails = ""
		w.mu.Unlock()
		time.Sleep(time.Hour)
		if n := w.attached(old); n != old || most != 1 || w.observed() != 0 {
			t.Errorf("%d of %d are attached, %d at a time, %d are observed", n, old, most, w.observed())
		}
		if got := w.condition("pods", v1alpha1.ConditionAdoptionStopped); got != "False None" {
			t.Errorf("the request says %q", got)
		}
		w.mu.Lock()
		for name, n := range w.nodes {
			if cond := nodestatus.NetworkCondition(n); cond == nil || cond.Status != corev1.ConditionFalse {
				t.Errorf("%s does not say that its network is there", name)
			}
		}
		w.instances["vm-old-2"].prefixes = nil
		w.remember("vm-old-2")
		w.mu.Unlock()
		w.adopt(v1alpha1.AdoptionObserve)
		time.Sleep(30 * time.Minute)
		if len(w.carries("old-2")) != 1 {
			t.Error("what we attached once is not put back")
		}
	})
}
