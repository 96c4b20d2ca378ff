package node

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// What is in use is never given out (I1): the allocator holds one prefix a Node and
// one Node a prefix, and these are the facts that do not fit it. Each story ends
// with as many Nodes as there would be room for if the fact were overlooked:
// judgePublished sees who gets what.

// fill adds Nodes until the range could hold no more, and gives them time.
func (w *world) fill(m *process) {
	w.mu.Lock()
	r := w.requests[0]
	whole := netip.MustParsePrefix(r.Status.Ranges[0].CIDR)
	pieces := 1 << (r.Spec.NodePrefixLength.IntValue() - whole.Bits())
	w.mu.Unlock()
	for i := range pieces {
		w.addNode(fmt.Sprintf("new-%d", i))
	}
	time.Sleep(10 * time.Minute)
}

// nobodyGot reports that none of the new Nodes publishes or carries a piece of p.
func (w *world) nobodyGot(p netip.Prefix) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, vm := range w.instances {
		for _, q := range vm.prefixes {
			if q.Overlaps(p) && len(id) > 6 && id[:6] == "vm-new" {
				w.t.Errorf("%s carries %s, and %s is in use", id, q, p)
			}
		}
	}
	for name, n := range w.nodes {
		for _, q := range podCIDRsOf(n) {
			if q.Overlaps(p) && name[:min(3, len(name))] == "new" {
				w.t.Errorf("%s publishes %s, and %s is in use", name, q, p)
			}
		}
	}
}

func TestWhatTwoNodesPublishIsInUseWhileOneOfThemLives(t *testing.T) {
	for name, c := range map[string]struct{ a, b string }{
		"the same":                       {"10.0.0.16/28", "10.0.0.16/28"},
		"the other's is wider":           {"10.0.0.16/28", "10.0.0.0/26"},
		"the other's is narrower":        {"10.0.0.16/28", "10.0.0.24/29"},
		"the other's is the whole range": {"10.0.0.16/28", "10.0.0.0/20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone(t, func(t *testing.T, w *world) {
				already(w, "a", netip.MustParsePrefix(c.a), true)
				already(w, "b", netip.MustParsePrefix(c.b), false)
				m := w.lead()
				defer m.stop()
				time.Sleep(time.Minute)
				w.deleteNode("a", true)
				time.Sleep(5 * time.Minute)
				w.fill(m)
				w.nobodyGot(netip.MustParsePrefix(c.b))
			})
		})
	}
}

func TestWhatReachesBeyondARangeIsInUse(t *testing.T) {
	for name, after := range map[string]bool{"and was there before": false, "and is written while we look": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone(t, func(t *testing.T, w *world) {
				w.requests[0].Status.Ranges[0].CIDR = "10.0.0.0/26"
				if !after {
					already(w, "old", netip.MustParsePrefix("10.0.0.0/24"), false)
				}
				m := w.lead()
				defer m.stop()
				time.Sleep(time.Minute)
				if after {
					w.addNode("old")
					w.write("old", "10.0.0.0/24")
					time.Sleep(time.Minute)
				}
				w.fill(m)
				w.nobodyGot(netip.MustParsePrefix("10.0.0.0/24"))
				w.mu.Lock()
				defer w.mu.Unlock()
				for _, cond := range w.nodes["old"].Status.Conditions {
					if cond.Type == nodestatus.ConditionForeign && cond.Status == corev1.ConditionTrue {
						return
					}
				}
				t.Error("nobody says that its podCIDR does not fit")
			})
		})
	}
}

// A Node that another allocator serves out of another request's range has a
// claim of its own; what it publishes is in use all the same.
func TestWhatARivalGivesOutOfAnotherRangeIsInUseAtOnce(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.grant("other", "10.1.0.0/28", 28)
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		w.mu.Lock()
		w.script = failing("attach", 1000, cloud.QuotaExceeded)
		w.mu.Unlock()
		w.addNode("a")
		time.Sleep(10 * time.Second)
		h, held := m.c.allocator.Held(w.nodes["a"].UID)
		if !held || !h.Durable {
			t.Fatalf("a has no claim: %+v", h)
		}
		w.mu.Lock()
		w.script = failing("", 0, "")
		w.mu.Unlock()
		theirs := netip.MustParsePrefix("10.1.0.0/28")
		if h.Prefix == theirs {
			theirs = netip.MustParsePrefix("10.0.0.0/28")
		}
		w.write("a", theirs.String())
		time.Sleep(time.Second)
		if _, by, _ := m.c.allocator.At(theirs); by.Instance != "vm-a" {
			t.Errorf("%s is held by %+v", theirs, by.Holder)
		}
	})
}

func TestAPrefixMovedByHandToAnotherVMDoesNotRestToItsEnd(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.requests[0].Status.Ranges[0].CIDR = "10.0.0.0/26"
		size := intstr.FromInt32(28)
		w.requests[0].Spec.NodePrefixLength = &size
		w.addNode("a")
		time.Sleep(time.Minute)
		moved := w.carries("a")[0]
		w.mu.Lock()
		w.createVM("other", moved)
		w.instances["vm-a"].prefixes = nil
		w.remember("vm-a")
		w.mu.Unlock()
		w.deleteNode("a", true)
		tries := 0
		w.mu.Lock()
		w.script = func(act, id string, p netip.Prefix) error {
			if act == "attach" && p.Overlaps(moved) && id != "vm-a" {
				tries++
			}
			return nil
		}
		w.mu.Unlock()
		time.Sleep(5 * time.Minute)
		if got := m.whose(moved); got != "instance vm-other" {
			t.Errorf("vm-other carries %s, which is held by %q", moved, got)
		}
		w.fill(m)
		w.nobodyGot(moved)
		if tries > 0 {
			t.Errorf("%s was asked for %d times while vm-other carries it", moved, tries)
		}
		w.mu.Lock()
		delete(w.instances, "vm-other")
		delete(w.left, moved)
		w.remember("vm-other")
		w.mu.Unlock()
		time.Sleep(30 * time.Minute)
		if got := m.whose(moved); len(got) < 8 || got[:8] != "node new" {
			t.Errorf("no interface carries %s any more, and it is held by %q", moved, got)
		}
	})
}
