package node

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// slots is like EC2, in data alone: nodes of 8 max pods, pieces of /28.
func slots(w *world, limit cloud.Limit, change func(*v1alpha1.RangeRequest)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.traits = cloud.Traits{Inside: true, Spare: 1, Smallest: 28}
	w.limit = limit
	auto := intstr.FromString(v1alpha1.NodePrefixAuto)
	w.requests[0].Spec.NodePrefixLength = &auto
	if change != nil {
		change(&w.requests[0])
	}
}

func TestWhatAMachineTakesBoundsItsNode(t *testing.T) {
	few := cloud.Limit{Bits: 30, Why: "a tiny has 2 slots", Remedy: "use a larger type"}
	for name, c := range map[string]struct {
		limit  cloud.Limit
		change func(*v1alpha1.RangeRequest)
		bits   int
		reason string
		says   []string
	}{
		"a node gets no less than a piece": {bits: 28},
		"a limit that is far off":          {limit: cloud.Limit{Bits: 20, Why: "x"}, bits: 28},
		"too few addresses": {limit: few, reason: v1alpha1.ReasonNodeUndersized,
			says: []string{"a tiny has 2 slots", "maxPods to 4 or less", "use a larger type", "allowUndersized"}},
		"too few, and that is allowed": {limit: few, bits: 30, change: func(r *v1alpha1.RangeRequest) { r.Spec.AllowUndersized = true }},
		"a fixed size that the machine does not take, and enough": {limit: cloud.Limit{Bits: 28, Why: "x"}, bits: 28,
			change: func(r *v1alpha1.RangeRequest) { *r.Spec.NodePrefixLength = intstr.FromInt32(26) }},
		"none at all": {limit: cloud.Limit{Bits: cloud.TakesNone, Why: "a t2.micro is not of the Nitro system", Remedy: "use one that is"},
			reason: string(cloud.LimitExceeded), says: []string{"t2.micro", "use one that is"}},
		"none at all, whatever is allowed": {limit: cloud.Limit{Bits: cloud.TakesNone, Why: "y"}, reason: string(cloud.LimitExceeded),
			change: func(r *v1alpha1.RangeRequest) { r.Spec.AllowUndersized = true }},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				slots(w, c.limit, c.change)
				m.c.again <- struct{}{}
				time.Sleep(time.Second)
				w.addNode("a")
				time.Sleep(30 * time.Second)
				got, _ := netip.ParsePrefix(w.published("a"))
				if c.bits != 0 && got.Bits() != c.bits || c.bits == 0 && got.IsValid() {
					t.Errorf("published %q, want a /%d; it waits for %q", w.published("a"), c.bits, w.reason("a"))
				}
				if r := w.reason("a"); c.reason != "" && r != c.reason {
					t.Errorf("it waits for %q, want %q", r, c.reason)
				}
				for _, say := range c.says {
					if text := w.message("a"); !strings.Contains(text, say) {
						t.Errorf("%q does not say %q", text, say)
					}
				}
			})
		})
	}
}

// TestSingleAddressesInARangeAreNobodysToGive: the subnet's machines and
// others have addresses inside of what was carved.
func TestSingleAddressesInARangeAreNobodysToGive(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		slots(w, cloud.Limit{}, nil)
		whole := netip.MustParsePrefix(w.requests[0].Status.Ranges[0].CIDR)
		taken := netip.PrefixFrom(whole.Addr().Next(), 32)
		w.mu.Lock()
		w.used = []netip.Prefix{taken}
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		w.addNode("a")
		time.Sleep(30 * time.Second)
		got, err := netip.ParsePrefix(w.published("a"))
		if err != nil || got.Overlaps(taken) {
			t.Errorf("published %q, and %s is somebody's", w.published("a"), taken)
		}
	})
}

// What a machine came with is sized like what we give.
func TestWhatAMachineCameWithIsNotPublishedWhereItIsTooSmall(t *testing.T) {
	for name, c := range map[string]struct {
		born      string
		allowed   bool
		published string
	}{
		"large enough":                {born: "10.0.0.64/28", published: "10.0.0.64/28"},
		"too small":                   {born: "10.0.0.64/30"},
		"too small, which is allowed": {born: "10.0.0.64/30", allowed: true, published: "10.0.0.64/30"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.mu.Lock()
				w.requests[0].Spec.AllowUndersized = c.allowed
				w.requests[0].Generation++
				w.mu.Unlock()
				m.c.again <- struct{}{}
				time.Sleep(time.Second)
				w.bornWith("a", netip.MustParsePrefix(c.born))
				time.Sleep(time.Minute)
				if got := w.published("a"); got != c.published || len(w.carries("a")) != 1 {
					t.Errorf("it publishes %q and carries %v", got, w.carries("a"))
				}
				if c.published == "" && (w.reason("a") != v1alpha1.ReasonNodeUndersized || !strings.Contains(w.message("a"), "allowUndersized")) {
					t.Errorf("it waits for %s: %s", w.reason("a"), w.message("a"))
				}
			})
		})
	}
}
