package node

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// inDual is in, with one request for both families.
func inDual(t *testing.T, story func(t *testing.T, w *world, m *process)) {
	t.Helper()
	inFamilies(t, []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6}, story)
}

func inFamilies(t *testing.T, families []v1alpha1.Family, story func(t *testing.T, w *world, m *process)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.dual(families...)
		m := w.lead()
		story(t, w, m)
		w.leader.stop()
		time.Sleep(10 * time.Minute)
	})
}

// podCIDRs returns all that a Node publishes.
func (w *world) podCIDRs(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.nodes[name].Spec.PodCIDRs, " ")
}

// setIPv6 changes what the cloud delegates to a VM; "" is nothing.
func (w *world) setIPv6(name, p string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instances["vm-"+name].delegated = netip.Prefix{}
	if p != "" {
		w.instances["vm-"+name].delegated = netip.MustParsePrefix(p)
	}
}

// told returns the text of NetworkUnavailable.
func (w *world) told(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := nodestatus.NetworkCondition(w.nodes[name]); c != nil {
		return c.Message
	}
	return ""
}

func TestBothFamiliesArePublishedAtOnceInTheirOrder(t *testing.T) {
	t.Parallel()
	v4, v6 := v1alpha1.IPv4, v1alpha1.IPv6
	for _, c := range []struct {
		families []v1alpha1.Family
		want     string
	}{
		{[]v1alpha1.Family{v4}, "10.0.0.0/28"},
		{[]v1alpha1.Family{v4, v6}, "10.0.0.0/28 fd20:0:1:2::/112"},
		{[]v1alpha1.Family{v6, v4}, "fd20:0:1:2::/112 10.0.0.0/28"},
	} {
		t.Run(fmt.Sprint(c.families), func(t *testing.T) {
			inFamilies(t, c.families, func(t *testing.T, w *world, m *process) {
				w.addNode("a")
				time.Sleep(time.Minute)
				if got := w.podCIDRs("a"); got != c.want {
					t.Errorf("published %q, want %q", got, c.want)
				}
				if got := w.carries("a"); len(got) != 1 || !got[0].Addr().Is4() {
					t.Errorf("attached %v", got)
				}
				// The next leader knows it by either order.
				m.stop()
				m = w.lead()
				time.Sleep(time.Minute)
				h, ok := m.c.allocator.Held(w.nodes["a"].UID)
				if !ok || h.Prefix.String() != "10.0.0.0/28" || h.Delegated.IsValid() != (len(c.families) == 2) || w.podCIDRs("a") != c.want {
					t.Errorf("the next leader holds %+v, and %q is published", h, w.podCIDRs("a"))
				}
			})
		})
	}
}

func TestANodeWithoutIPv6WaitsAndNothingIsClaimed(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, m *process) {
		n := w.addNode("a")
		w.setIPv6("a", "")
		time.Sleep(time.Minute)
		if got := w.reason("a"); got != v1alpha1.ReasonNoIPv6 || w.published("a") != "" || len(w.carries("a")) > 0 {
			t.Errorf("it says %q, publishes %q, carries %v", got, w.published("a"), w.carries("a"))
		}
		for _, part := range []string{"RangeRequest pods", "vm-a", "make it dual stack"} {
			if text := w.told("a"); !strings.Contains(text, part) {
				t.Errorf("%q does not say %q", text, part)
			}
		}
		if h, held := m.c.allocator.Held(n.UID); held || w.store.Data("claims")["claims"] != "" {
			t.Errorf("it holds %v; the ledger has %q", h, w.store.Data("claims")["claims"])
		}
		w.setIPv6("a", "fd20::5:0:0/112")
		time.Sleep(3 * time.Minute)
		if got := w.podCIDRs("a"); got != "10.0.0.0/28 fd20::5:0:0/112" {
			t.Errorf("given IPv6 it publishes %q", got)
		}
	})
}

// What changes between the claim and the publishing is claimed anew.
func TestWhatIsPublishedIsWhatTheInterfaceHasNow(t *testing.T) {
	for name, c := range map[string]struct{ now, reason, want string }{
		"another prefix": {"fd20::9:0:0/112", "", "10.0.0.0/28 fd20::9:0:0/112"},
		"none":           {"", v1alpha1.ReasonNoIPv6, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inDual(t, func(t *testing.T, w *world, _ *process) {
				w.script = func(act, id string, _ netip.Prefix) error {
					w.instances[id].delegated = netip.Prefix{}
					if c.now != "" {
						w.instances[id].delegated = netip.MustParsePrefix(c.now)
					}
					return nil
				}
				w.addNode("a")
				time.Sleep(2 * time.Minute)
				if w.podCIDRs("a") != c.want || w.reason("a") != c.reason {
					t.Errorf("it publishes %q and says %q", w.podCIDRs("a"), w.reason("a"))
				}
			})
		})
	}
}

func TestTwoNodesOfOneInstanceDoNotShareItsIPv6(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.mu.Lock()
		twin := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "twin", UID: "twin-1", CreationTimestamp: metav1.Now()}}
		twin.Spec.ProviderID = "vm-a"
		twin.Status.Capacity = w.nodes["a"].Status.Capacity
		w.nodes["twin"] = twin
		w.changed("twin")
		w.mu.Unlock()
		for range 2 { // and so for the next leader
			time.Sleep(2 * time.Minute)
			if got := w.reason("twin"); got != v1alpha1.ReasonIPv6Taken || w.published("twin") != "" || !strings.Contains(w.told("twin"), "node a") {
				t.Errorf("it says %s, %q, and publishes %q", got, w.told("twin"), w.published("twin"))
			}
			m.stop()
			m = w.lead()
		}
		w.deleteNode("a", false)
		time.Sleep(5 * time.Minute)
		if got := w.podCIDRs("twin"); !strings.HasSuffix(got, "fd20:0:1:2::/112") {
			t.Errorf("with the other gone it publishes %q", got)
		}
	})
}

// The Node of a machine that is gone may publish what the cloud has given to
// another machine since.
func TestIPv6ThatAGoneMachinesNodePublishesIsNotPublishedTwice(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.mu.Lock()
		delete(w.instances, "vm-a")
		w.mu.Unlock()
		w.addNode("b") // gets what vm-a had
		time.Sleep(2 * time.Minute)
		if got := w.reason("b"); got != v1alpha1.ReasonIPv6Taken || w.published("b") != "" {
			t.Errorf("it says %s and publishes %q", got, w.published("b"))
		}
		w.deleteNode("a", false)
		time.Sleep(5 * time.Minute)
		if got := w.podCIDRs("b"); !strings.HasSuffix(got, " fd20:0:1:2::/112") {
			t.Errorf("with that Node gone it publishes %q", got)
		}
	})
}

func TestIPv6ThatAnotherAllocatorPublishedIsNotPublishedTwice(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, _ *process) {
		n := w.addNode("rival")
		w.mu.Lock()
		n.Spec.PodCIDRs = []string{"192.168.0.0/24", "fd20:0:1:2:0:1::/112"}
		w.mu.Unlock()
		time.Sleep(time.Second)
		w.addNode("b")
		time.Sleep(2 * time.Minute)
		if got := w.reason("b"); got != v1alpha1.ReasonIPv6Taken || w.published("b") != "" {
			t.Errorf("it says %s and publishes %q", got, w.published("b"))
		}
	})
}

func TestTheSameIPv6OnTwoNodesIsReported(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		n := w.addNode("b")
		w.mu.Lock()
		n.Spec.PodCIDRs = []string{"fd20:0:1:2::/112", "10.0.0.64/28"} // by another's hand
		w.mu.Unlock()
		for range 2 { // and so by the next leader
			time.Sleep(time.Minute)
			w.mu.Lock()
			accused, spared := hasCondition(w.nodes["b"], nodestatus.ConditionForeign, corev1.ConditionTrue), w.nodes["a"]
			if !accused || hasCondition(spared, nodestatus.ConditionForeign, corev1.ConditionTrue) {
				t.Errorf("b: %v; a: %v", w.nodes["b"].Status.Conditions, spared.Status.Conditions)
			}
			w.nodes["b"].Status.Conditions = nil
			w.changed("b")
			w.mu.Unlock()
			m.stop()
			m = w.lead()
		}
	})
}

// podCIDRs are immutable: IPv6 that moved is trouble that only a new Node
// ends, while IPv4 is put back.
func TestARecreatedMachineKeepsIPv4AndSaysThatIPv6Changed(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		before := w.podCIDRs("a")
		w.mu.Lock()
		w.instances["vm-a"] = &instance{delegated: netip.MustParsePrefix("fd20::9:0:0/112"), subnet: "nodes"}
		w.mu.Unlock()
		time.Sleep(15 * time.Minute)
		if got := w.reason("a"); got != v1alpha1.ReasonIPv6Changed || w.podCIDRs("a") != before {
			t.Errorf("it says %s and publishes %q, before %q", got, w.podCIDRs("a"), before)
		}
		if got := w.carries("a"); len(got) != 1 || !strings.HasPrefix(before, got[0].String()) {
			t.Errorf("it carries %v and publishes %q", got, before)
		}
		for _, part := range []string{"fd20:0:1:2::/112", "vm-a", "fd20::9:0:0/112", "delete the Node"} {
			if text := w.told("a"); !strings.Contains(text, part) {
				t.Errorf("%q does not say %q", text, part)
			}
		}
		m.stop()
		w.lead()
		time.Sleep(15 * time.Minute)
		if got := w.reason("a"); got != v1alpha1.ReasonIPv6Changed {
			t.Errorf("to the next leader it says %q", got)
		}
		w.deleteNode("a", false)
		w.addNode("a")
		time.Sleep(5 * time.Minute)
		if got, want := w.podCIDRs("a"), strings.Fields(before)[0]+" fd20::9:0:0/112"; got != want || w.reason("a") != "" {
			t.Errorf("registered anew it publishes %q, want %q; %s", got, want, w.reason("a"))
		}
	})
}

func TestAnInterfaceThatLostIPv6SaysSoAndIsAcquittedWhenItHasItAgain(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.setIPv6("a", "")
		time.Sleep(15 * time.Minute)
		if got := w.reason("a"); got != v1alpha1.ReasonIPv6Changed || !strings.Contains(w.told("a"), "has no IPv6") {
			t.Errorf("it says %s: %s", got, w.told("a"))
		}
		w.setIPv6("a", "fd20:0:1:2::/112")
		time.Sleep(15 * time.Minute)
		if got := w.reason("a"); got != "" {
			t.Errorf("it still says %s", got)
		}
	})
}

func TestAReRegisteredNodeKeepsBothFamilies(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		before := w.podCIDRs("a")
		w.deleteNode("a", false)
		w.addNode("a")
		time.Sleep(time.Minute)
		if got := w.podCIDRs("a"); got != before || len(strings.Fields(got)) != 2 {
			t.Errorf("published %q, then %q", before, got)
		}
	})
}

// A refused attachment, or one whose outcome is unknown, leaves the Node with
// no family at all.
func TestNothingIsPublishedUntilBothAreThere(t *testing.T) {
	for _, reason := range []cloud.Reason{cloud.OutcomeUnknown, cloud.QuotaExceeded, cloud.Conflict} {
		t.Run(string(reason), func(t *testing.T) {
			inDual(t, func(t *testing.T, w *world, _ *process) {
				w.script = failing("attach", 3, reason)
				w.addNode("a")
				time.Sleep(time.Second)
				if got := w.podCIDRs("a"); got != "" {
					t.Errorf("published %q", got)
				}
				time.Sleep(10 * time.Minute)
				if got := strings.Fields(w.podCIDRs("a")); len(got) != 2 {
					t.Errorf("in the end it publishes %v", got)
				}
			})
		})
	}
}

// The first request that selects a Node says what it is to have; those behind
// it that ask for more than its interface has are no choice.
func TestWhichRequestsAnInterfaceCanServe(t *testing.T) {
	t.Parallel()
	r := func(name string, families ...v1alpha1.Family) *v1alpha1.RangeRequest {
		return &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.RangeRequestSpec{IPFamilies: families}}
	}
	four, both, turned := r("four", v1alpha1.IPv4), r("both", v1alpha1.IPv4, v1alpha1.IPv6), r("turned", v1alpha1.IPv6, v1alpha1.IPv4)
	six := netip.MustParsePrefix("fd20::/112")
	for name, c := range map[string]struct {
		has        netip.Prefix
		candidates []*v1alpha1.RangeRequest
		want       string // names, or the reason
	}{
		"IPv4 only":                      {netip.Prefix{}, []*v1alpha1.RangeRequest{four}, "four"},
		"with IPv6, all":                 {six, []*v1alpha1.RangeRequest{four, both, turned}, "four both turned"},
		"without, those before":          {netip.Prefix{}, []*v1alpha1.RangeRequest{four, both, four}, "four"},
		"without, the first is for both": {netip.Prefix{}, []*v1alpha1.RangeRequest{both, four}, v1alpha1.ReasonNoIPv6},
		"in the other order":             {netip.Prefix{}, []*v1alpha1.RangeRequest{turned}, v1alpha1.ReasonNoIPv6},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{instances: map[string]*instance{}}
			got, trouble := (&Controller{}).feasible(t.Context(), cloud.VPC{Interfaces: interfaces{w}}, cloud.Interface{Instance: "vm", Delegated: c.has}, c.candidates)
			var names []string
			for _, r := range got {
				names = append(names, r.Name)
			}
			if trouble != nil {
				names = append(names, trouble.Reason)
			}
			if strings.Join(names, " ") != c.want {
				t.Errorf("got %v, want %s", names, c.want)
			}
		})
	}
}

// A dual-stack Node's IPv6 is in the claim before it is on the Node.
func TestTheClaimNamesBothPrefixes(t *testing.T) {
	inDual(t, func(t *testing.T, w *world, _ *process) {
		var claimed []string
		w.script = func(act, _ string, _ netip.Prefix) error {
			claimed = append(claimed, w.store.Data("claims")["claims"])
			return nil
		}
		w.addNode("a")
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(claimed) != 1 || !strings.Contains(claimed[0], "10.0.0.0/28") || !strings.Contains(claimed[0], `"delegated":"fd20:0:1:2::/112"`) {
			t.Errorf("when the cloud was asked the ledger said %q", claimed)
		}
		if got := w.store.Data("claims")["claims"]; got != "" {
			t.Errorf("published, and the claim stands: %q", got)
		}
	})
}
