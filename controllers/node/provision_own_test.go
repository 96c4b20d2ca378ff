package node

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

var (
	warm   = netip.MustParsePrefix("10.0.0.84/30")
	around = netip.MustParsePrefix("10.0.0.80/28")
)

// piecemeal is a cloud that puts pieces of /30 on interfaces, each of which
// takes so many more.
func (w *world) piecemeal(more int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.traits = cloud.Traits{Spare: 1, Smallest: 30, Grows: true}
	w.limit = cloud.Limit{Bits: 30, Pieces: more, Why: "a tiny has few slots", Remedy: "use a larger type"}
	w.requests[0].Spec.NodePrefixLength = nil
}

// A node whose instance came with too little is given the block around it. It
// is promised before the cloud is asked (I2), and what was there before is left
// when the node goes (I4), whenever the leader ends.
func TestWhatAMachineCameWithIsMadePartOfTheBlockAroundIt(t *testing.T) {
	for name, c := range map[string]struct {
		dies string // the act before which the leader ends
		lost string // the act whose reply is lost
	}{
		"under one leader":                     {},
		"the leader ends before it attaches":   {dies: "attach"},
		"the leader ends before it detaches":   {dies: "detach"},
		"the reply of the attachment is lost":  {lost: "attach"},
		"the reply of the detachment is lost":  {lost: "detach"},
		"the leader ends in the midst of both": {dies: "attach", lost: "detach"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone(t, func(t *testing.T, w *world) {
				w.piecemeal(3)
				w.requests[0].Spec.NodePrefixLength = ptrTo(28)
				m := w.lead()
				time.Sleep(time.Minute)
				dead := make(chan struct{}, 1)
				died, lost := false, false
				w.mu.Lock()
				w.script = func(act, id string, p netip.Prefix) error {
					data := w.store.Data("claims")
					if act == "attach" && !strings.Contains(data["claims"], `"before":"`+warm.String()+`"`) {
						t.Errorf("the cloud is asked for %s, and the ledger says %v", p, data)
					}
					switch {
					case act == c.dies && !died:
						died = true
						m.stop()
						dead <- struct{}{}
						return fault(cloud.Unavailable)
					case act == c.lost && !lost:
						lost = true
						vm := w.instances[id]
						if act == "attach" {
							vm.prefixes = []netip.Prefix{p}
						} else {
							vm.prefixes = without(vm.prefixes, p)
						}
						w.remember(id)
						return fault(cloud.OutcomeUnknown)
					}
					return nil
				}
				w.mu.Unlock()
				revive := func(act string) {
					if c.dies == act {
						<-dead
						m = w.lead()
						time.Sleep(5 * time.Minute)
					}
				}
				w.bornWith("a", warm)
				time.Sleep(5 * time.Minute)
				revive("attach")
				if got := w.published("a"); got != around.String() {
					t.Fatalf("it publishes %q and waits for %s", got, w.message("a"))
				}
				if got := w.carries("a"); !slices.Equal(got, []netip.Prefix{around}) {
					t.Errorf("it carries %v", got)
				}
				if got := w.store.Data("claims")["claims"]; got != "" {
					t.Errorf("the claim does not end: %s", got)
				}
				w.deleteNode("a", false)
				time.Sleep(10 * time.Minute)
				revive("detach")
				if got := w.carries("a"); !slices.Equal(got, []netip.Prefix{warm}) {
					t.Errorf("the node is gone, and its instance carries %v", got)
				}
				if got := m.whose(warm); got != "instance vm-a" {
					t.Errorf("%s is held by %q", warm, got)
				}
				data := w.store.Data("claims")
				if !strings.Contains(data["releases"], `"prefix":"`+warm.String()) || !strings.Contains(data["releases"], `"adopted":true`) || strings.Contains(data["resting"], warm.String()) {
					t.Errorf("the ledger says %v", data)
				}
				m.stop()
			})
		})
	}
}

func without(all []netip.Prefix, p netip.Prefix) (out []netip.Prefix) {
	for _, q := range all {
		for a := q.Addr(); q.Contains(a); a = a.Next().Next().Next().Next() {
			if piece := netip.PrefixFrom(a, 30); !p.Contains(a) {
				out = append(out, piece)
			}
		}
	}
	return out
}

// What somebody took off is put back, and what of it we put there is ours.
func TestOfWhatIsPutBackOnlyThatIsOursWhichSomebodyHadTakenOff(t *testing.T) {
	for name, c := range map[string]struct{ left, after string }{
		"what was ours was taken off": {left: "10.0.0.84/30", after: "[10.0.0.84/30]"},
		"what was not was taken off":  {left: "10.0.0.80/30 10.0.0.88/29", after: "[]"},
		"everything was taken off":    {after: "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.piecemeal(3)
				w.mu.Lock()
				w.requests[0].Spec.NodePrefixLength = ptrTo(28)
				w.mu.Unlock()
				m.c.again <- struct{}{}
				time.Sleep(time.Second)
				w.bornWith("a", warm)
				time.Sleep(time.Minute)
				w.mu.Lock()
				vm := w.instances["vm-a"]
				vm.prefixes = nil
				for _, text := range strings.Fields(c.left) {
					vm.prefixes = append(vm.prefixes, netip.MustParsePrefix(text))
				}
				if c.after == "[]" {
					vm.born = netip.Prefix{}
				}
				w.remember("vm-a")
				w.mu.Unlock()
				time.Sleep(15 * time.Minute)
				if got := w.carries("a"); !slices.Equal(got, []netip.Prefix{around}) {
					t.Errorf("it publishes %s and carries %v", w.published("a"), got)
				}
				w.deleteNode("a", false)
				time.Sleep(10 * time.Minute)
				if got := fmt.Sprint(w.carries("a")); got != c.after {
					t.Errorf("its node is gone and it carries %s, want %s", got, c.after)
				}
			})
		})
	}
}

func TestWhatAMachineCameWithWaitsWhereItCannotBeMadeLarger(t *testing.T) {
	for name, c := range map[string]struct {
		slots   int
		allowed bool
		says    string
		then    string // what it gets when whatever was there goes
		at      func(w *world)
	}{
		"too few slots": {slots: 0, says: "a tiny has few slots: use a larger type"},
		"a neighbour is another instance's": {slots: 3, says: "10.0.0.88/30, which instance vm-b holds", then: around.String(), at: func(w *world) {
			w.createVM("b", netip.MustParsePrefix("10.0.0.88/30"))
		}},
		"a neighbour is another node's": {slots: 3, says: "node b publishes 10.0.0.88/30", then: around.String(), at: func(w *world) {
			w.createVM("b", netip.MustParsePrefix("10.0.0.88/30"))
			w.mu.Unlock()
			n := w.addNode("b")
			w.mu.Lock()
			n.Spec.PodCIDRs = []string{"10.0.0.88/30"}
			w.changed("b")
		}},
		"a neighbour, and less is allowed": {slots: 3, allowed: true, then: warm.String(), at: func(w *world) {
			w.createVM("b", netip.MustParsePrefix("10.0.0.88/30"))
		}},
		"too few slots, and less is allowed": {slots: 1, allowed: true, then: "10.0.0.80/29"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.piecemeal(c.slots)
				w.mu.Lock()
				w.requests[0].Spec.NodePrefixLength, w.requests[0].Spec.AllowUndersized = ptrTo(28), c.allowed
				w.requests[0].Generation++
				if c.at != nil {
					c.at(w)
				}
				w.mu.Unlock()
				m.c.again <- struct{}{}
				time.Sleep(time.Minute)
				w.bornWith("a", warm)
				time.Sleep(time.Minute)
				if c.allowed {
					if got := w.published("a"); got != c.then {
						t.Errorf("it publishes %q: %s", got, w.message("a"))
					}
					return
				}
				if got := w.carries("a"); w.published("a") != "" || len(got) != 1 {
					t.Errorf("it publishes %q and carries %v", w.published("a"), got)
				}
				if text := w.message("a"); w.reason("a") != v1alpha1.ReasonNodeUndersized || !strings.Contains(text, c.says) || !strings.Contains(text, warm.String()) {
					t.Errorf("it waits for %s: %s", w.reason("a"), text)
				}
				if c.then == "" {
					return
				}
				w.deleteNode("b", true)
				time.Sleep(20 * time.Minute) // until it was read that it is gone, and it has rested
				if got := w.published("a"); got != c.then {
					t.Errorf("its neighbour is free, and it publishes %q: %s", got, w.message("a"))
				}
			})
		})
	}
}

// What is carried already takes no slots that are left.
func TestEnoughIsAdoptedWhereNoSlotsAreLeft(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.piecemeal(0)
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		w.bornWith("a", around)
		time.Sleep(time.Minute)
		if got := w.published("a"); got != around.String() {
			t.Errorf("it publishes %q: %s", got, w.message("a"))
		}
	})
}

func ptrTo(bits int) *intstr.IntOrString {
	x := intstr.FromInt(bits)
	return &x
}

// An adopted prefix has an IPv6 one with it that we put there: only that is
// taken off.
func TestTheIPv6OfWhatIsAdoptedIsOurs(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		w.pairs = netip.MustParsePrefix("2001:db8::/64")
		w.dual(v1alpha1.IPv4, v1alpha1.IPv6)
		m := w.lead()
		w.bornWith("a", own)
		time.Sleep(time.Minute)
		if got := w.carries("a"); w.published("a") != own.String() || len(got) != 2 {
			t.Fatalf("it publishes %q and carries %v: %s", w.published("a"), got, w.message("a"))
		}
		m.stop()
		m = w.lead()
		defer m.stop()
		time.Sleep(5 * time.Minute)
		w.deleteNode("a", false)
		time.Sleep(10 * time.Minute)
		if got := w.carries("a"); !slices.Equal(got, []netip.Prefix{own}) {
			t.Errorf("its node is gone, and it carries %v", got)
		}
		if got := m.whose(own); got != "instance vm-a" {
			t.Errorf("%s is held by %q", own, got)
		}
	})
}
