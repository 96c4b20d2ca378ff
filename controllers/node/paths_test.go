package node

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// quiet returns a world without faults, in which one manager leads.
func quiet(t *testing.T) (*world, *process) {
	w := newWorld(t, 1)
	m := w.lead()
	return w, m
}

// alone returns a world that no manager leads yet.
func alone(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		story(t, newWorld(t, 1))
		time.Sleep(10 * time.Minute) // what is under way ends
	})
}

func in(t *testing.T, story func(t *testing.T, w *world, m *process)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, m := quiet(t)
		story(t, w, m)
		m.stop()
		time.Sleep(10 * time.Minute) // what is under way ends
	})
}

// failing returns a script that fails n acts of a kind.
func failing(act string, n int, r cloud.Reason) func(string, string, netip.Prefix) error {
	return func(a, _ string, _ netip.Prefix) error {
		if a == act && n > 0 {
			n--
			return fault(r)
		}
		return nil
	}
}

func TestATakenPrefixStaysOccupiedAndAnotherIsTried(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		var first netip.Prefix
		w.script = func(_, _ string, p netip.Prefix) error {
			if !first.IsValid() {
				first = p
			}
			if p == first {
				return fault(cloud.Conflict)
			}
			return nil
		}
		w.addNode("a")
		time.Sleep(time.Minute)
		if got := w.published("a"); got == "" || got == first.String() {
			t.Errorf("published %q; %s is another's", got, first)
		}
		if h := m.c.allocator.Instances(); len(h) != 1 || h[0].Prefix != first {
			t.Errorf("instances hold %v, want %s", h, first)
		}
	})
}

// TestAPromiseThatCannotBeKeptEnds: also where the Node makes no other, since
// somebody else gave it podCIDRs meanwhile.
func TestAPromiseThatCannotBeKeptEnds(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.script = failing("attach", 1, cloud.Conflict)
		n := w.addNode("a")
		for range 1000 {
			if w.reason("a") == v1alpha1.ReasonPrefixTaken {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		w.mu.Lock()
		n.Spec.PodCIDRs = []string{"192.168.0.0/24"}
		w.changed("a")
		w.mu.Unlock()
		time.Sleep(time.Minute)
		said, err := claims.Peek(t.Context(), m.c.Ledger)
		if err != nil || len(said.Claims) > 0 {
			t.Errorf("the ledger still promises %v, %v", said.Claims, err)
		}
	})
}

func TestOneRefusalCostsNoPrefix(t *testing.T) {
	t.Parallel()
	for _, reason := range []cloud.Reason{cloud.OutcomeUnknown, cloud.Stale, cloud.QuotaExceeded, cloud.LimitExceeded,
		cloud.Throttled, cloud.Unavailable, cloud.NotFound, cloud.PermissionDenied, cloud.Invalid} {
		t.Run(string(reason), func(t *testing.T) {
			in(t, func(t *testing.T, w *world, _ *process) {
				asked := map[netip.Prefix]bool{}
				refuse := failing("attach", 3, reason)
				w.script = func(act, id string, p netip.Prefix) error {
					asked[p] = true
					return refuse(act, id, p)
				}
				w.addNode("a")
				time.Sleep(1200 * time.Millisecond)
				want := string(reason)
				if reason == cloud.NotFound {
					want = v1alpha1.ReasonRangeMissing
				}
				if got := w.reason("a"); got != want {
					t.Errorf("the condition says %q, want %q", got, want)
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if len(asked) != 1 || w.published("a") == "" {
					t.Errorf("asked for %v, published %q", asked, w.published("a"))
				}
				if w.reason("a") != "" {
					t.Errorf("the condition still says %s", w.reason("a"))
				}
			})
		})
	}
}

func TestTheInstancesOwnAliasIsAdopted(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		own := netip.MustParsePrefix("10.0.0.64/27")
		w.mu.Lock()
		w.createVM("a", own)
		w.mu.Unlock()
		w.addNode("a")
		time.Sleep(time.Minute)
		if got := w.published("a"); got != own.String() {
			t.Errorf("published %s, want %s", got, own)
		}
	})
}

func TestALostAliasIsPutBackAndNoOther(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.mu.Lock()
		w.instances["vm-a"].prefixes = nil
		w.mu.Unlock()
		time.Sleep(15 * time.Minute) // the next reading of all interfaces finds it
		if got := w.carries("a"); len(got) != 1 || got[0].String() != w.published("a") {
			t.Errorf("it carries %v and publishes %s", got, w.published("a"))
		}
	})
}

func TestALiveNodeKeepsItsPrefixThoughTheCacheLostIt(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.mu.Lock()
		delete(w.cached, "a")
		w.instances["vm-a"].prefixes = nil
		w.mu.Unlock()
		m.c.enqueue("a")
		time.Sleep(5 * time.Minute)
		if h, ok := m.c.allocator.Held(w.nodes["a"].UID); !ok || h.Prefix.String() != w.published("a") {
			t.Errorf("the allocator says it holds %v; it publishes %s", h, w.published("a"))
		}
	})
}

func TestAForeignPodCIDRIsReportedAndLeftAlone(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		n := w.addNode("a")
		w.mu.Lock()
		n.Spec.PodCIDRs = []string{"192.168.0.0/24"}
		w.mu.Unlock()
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if !hasCondition(n, nodestatus.ConditionForeign, corev1.ConditionTrue) || n.Spec.PodCIDRs[0] != "192.168.0.0/24" {
			t.Errorf("%v %v", n.Spec.PodCIDRs, n.Status.Conditions)
		}
	})
}

func hasCondition(n *corev1.Node, kind corev1.NodeConditionType, s corev1.ConditionStatus) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == kind && c.Status == s })
}

func TestAForeignNodeIsAcquittedWhenItsRangeIsGranted(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		n := w.addNode("a")
		w.mu.Lock()
		n.Spec.PodCIDRs = []string{"10.1.0.0/28"}
		w.instances["vm-a"].prefixes = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/28")}
		w.mu.Unlock()
		time.Sleep(time.Minute)
		w.mu.Lock()
		w.requests[0].Status.Ranges = append(w.requests[0].Status.Ranges, v1alpha1.GrantedRange{CIDR: "10.1.0.0/24", Subnet: "nodes", Name: "more"})
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if !hasCondition(n, nodestatus.ConditionForeign, corev1.ConditionFalse) {
			t.Errorf("%v", n.Status.Conditions)
		}
	})
}

func TestANodeThatAnotherAllocatorServedGivesOursBack(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.script = func(act, _ string, _ netip.Prefix) error {
			if act == "attach" {
				w.nodes["a"].Spec.PodCIDRs = []string{"192.168.0.0/24"}
				w.changed("a")
			}
			return nil
		}
		n := w.addNode("a")
		time.Sleep(10 * time.Minute)
		if got := w.carries("a"); len(got) > 0 {
			t.Errorf("its instance still carries %v", got)
		}
		if h, ok := m.c.allocator.Held(n.UID); ok || strings.Contains(w.store.Data("claims")["releases"], "10.") {
			t.Errorf("it holds %v; %v", h, w.store.Data("claims"))
		}
	})
}

func TestAReRegisteredNodeKeepsItsPrefix(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		before := w.published("a")
		w.deleteNode("a", false)
		w.addNode("a")
		time.Sleep(time.Minute)
		if got := w.published("a"); got != before {
			t.Errorf("published %s, then %s", before, got)
		}
	})
}

func TestAPrefixIsTakenOffAnInstanceThatLivesOn(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.deleteNode("a", false)
		time.Sleep(20 * time.Second)
		if len(w.carries("a")) == 0 {
			t.Error("it was taken off within the grace")
		}
		time.Sleep(time.Minute)
		if got := w.carries("a"); len(got) > 0 {
			t.Errorf("it still carries %v", got)
		}
	})
}

func TestNodesThatNoRequestSelectsLeaveTheirPlaces(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.mu.Lock()
		w.requests[0].Status.Ranges[0].CIDR = "10.0.0.0/28"
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		w.addNode("a")
		time.Sleep(time.Minute)
		w.addNode("b")
		time.Sleep(time.Minute)
		if w.reason("b") != v1alpha1.ReasonRangeExhausted {
			t.Errorf("b: %q", w.reason("b"))
		}
		w.mu.Lock()
		w.requests[0].Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"pool": "x"}}
		w.requests[0].Generation++
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Minute)
		if got := m.c.allocator.Waiting(); got != 0 {
			t.Errorf("%d wait", got)
		}
		if n := m.c.limiter.Busy(); n > 0 {
			t.Errorf("%d places are held", n)
		}
	})
}

func TestANodeThatNeedsNoRepairAfterAllLeavesItsPlaces(t *testing.T) {
	for name, found := range map[string]bool{"another reading found it whole": false, "a look finds it whole": true} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				uid := w.addNode("a").UID
				time.Sleep(time.Minute)
				m.c.limiter.Enter(uid, "a")
				m.c.findings.replace(m.c.findings.catalog(), map[types.UID]bool{uid: found})
				m.c.enqueue("a")
				time.Sleep(time.Minute)
				synctest.Wait()
				if n := m.c.limiter.Busy(); n > 0 {
					t.Errorf("%d places are held", n)
				}
			})
		})
	}
}

func TestAPromiseOutlivesANetworkThatCannotBeRead(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.script = failing("attach", 1000, cloud.QuotaExceeded)
		a := w.addNode("a")
		time.Sleep(5 * time.Second)
		promised, ok := m.c.allocator.Held(a.UID)
		if !ok {
			t.Fatal("nothing is promised")
		}
		m.stop()
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		next := w.lead()
		defer next.stop()
		b := w.addNode("b")
		time.Sleep(time.Minute)
		if got := w.reason("b"); got != v1alpha1.ReasonNetworkNotReady {
			t.Errorf("b waits for %q", got)
		}
		w.mu.Lock()
		w.closed, w.script = false, nil
		w.mu.Unlock()
		time.Sleep(5 * time.Minute)
		if got := w.published("a"); got != promised.Prefix.String() {
			t.Errorf("a was promised %s and publishes %s", promised.Prefix, got)
		}
		if got := w.published("b"); got == "" || got == promised.Prefix.String() {
			t.Errorf("b %s publishes %q", b.UID, got)
		}
	})
}

func TestANodeIsNotAccusedWhileItsNetworkCannotBeRead(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		a := w.addNode("a")
		time.Sleep(time.Minute)
		m.stop()
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		next := w.lead()
		defer next.stop()
		time.Sleep(5 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if hasCondition(a, nodestatus.ConditionForeign, corev1.ConditionTrue) {
			t.Errorf("%v", a.Status.Conditions)
		}
	})
}
