package ranges

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestWhatNoReadingShowsIsLeft: a network behind a peered one is in no list. The
// request leaves it in few calls, whoever manages, and asks for no block twice.
func TestWhatNoReadingShowsIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.hidden = netip.MustParsePrefix("10.0.0.0/18")
	for range 6 {
		w.now = w.now.Add(w.reconcile("pods").RequeueAfter)
		w.restart()
	}
	w.want("pods", v1alpha1.ReasonReady, 1, w.ranges[0].Prefix.String())
	if w.calls > 9 || len(w.asked) != w.calls {
		t.Errorf("%d calls for %d blocks: %v", w.calls, len(w.asked), w.asked)
	}
}

// TestARefusalOfAllIsTriedLessAndLess: and the condition says what to do.
func TestARefusalOfAllIsTriedLessAndLess(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*v1alpha1.RangeRequest{"chosen": request("pods", 24), "named": named("pods", "10.0.0.0/17")} {
		w := newWorld(t, r)
		w.hidden = netip.MustParsePrefix("10.0.0.0/16")
		for end := w.now.Add(time.Hour); w.now.Before(end); {
			w.now = w.now.Add(max(time.Second, w.reconcile("pods").RequeueAfter))
			w.restart()
		}
		if w.calls > 80 {
			t.Errorf("%s: %d calls in an hour", name, w.calls)
		}
		c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse || name == "chosen" && !strings.Contains(c.Message, "the Network's reserved") {
			t.Errorf("%s: the condition is %v", name, c)
		}
		if events := len(w.events.Events); name == "named" && events > 2 {
			t.Errorf("%d Events of one refusal", events)
		}
	}
}

// TestAnExplainedRefusalIsForgotten: what had the block shows now.
func TestAnExplainedRefusalIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.fail = []error{failed(cloud.Conflict)}
	w.reconcile("pods")
	if got := w.get("pods").Status; len(got.Refused) != 1 || got.Refused[0].Count != 1 || len(got.Ranges) != 1 {
		t.Fatalf("refused %v, granted %v", got.Refused, got.Ranges)
	}
	w.ranges = append(w.ranges, cloud.Range{Subnet: "a", Name: "theirs", Prefix: netip.MustParsePrefix(w.get("pods").Status.Refused[0].CIDR)})
	w.now = w.now.Add(time.Hour / 2)
	w.reconcile("pods")
	if got := w.get("pods").Status.Refused; len(got) != 0 {
		t.Errorf("still refused: %v", got)
	}
}

func named(name string, cidrs ...v1alpha1.CIDR) *v1alpha1.RangeRequest {
	r := request(name, 0)
	r.Spec.PrefixLength, r.Spec.CIDRs = nil, cidrs
	return r
}

// TestAnAdoptedRangeMayBeRenamed: whoever keeps it in code gave it another name;
// where something else has its block, that is named.
func TestAnAdoptedRangeMayBeRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, named("pods", "10.0.4.0/24"))
	block := netip.MustParsePrefix("10.0.4.0/24")
	w.ranges = []cloud.Range{{Subnet: "a", Name: "by-hand", Prefix: block}}
	w.reconcile("pods")
	w.event(v1alpha1.ReasonAdopted)
	w.ranges[0].Name = "by-terraform"
	w.now = w.now.Add(time.Hour)
	w.reconcile("pods")
	w.event(v1alpha1.ReasonAdopted)
	w.want("pods", v1alpha1.ReasonReady, 1, "10.0.4.0/24")
	if got := w.get("pods").Status.Ranges[0]; got.Name != "by-terraform" || !got.Adopted || w.calls > 0 {
		t.Errorf("it has %v after %d calls", got, w.calls)
	}
	w.ranges[0] = cloud.Range{Subnet: "a", Name: "wider", Prefix: netip.MustParsePrefix("10.0.4.0/23")}
	w.now = w.now.Add(time.Hour)
	w.reconcile("pods")
	if c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonRangeMissing || !strings.Contains(c.Message, "wider (10.0.4.0/23) uses its block now") {
		t.Errorf("the condition is %v", c)
	}
}

// TestARangeMadeAgainIsAnEventEachTime: somebody keeps removing it.
func TestARangeMadeAgainIsAnEventEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.reconcile("pods")
	w.event(v1alpha1.ReasonReady)
	for range 2 {
		w.ranges, w.now = nil, w.now.Add(time.Hour)
		w.reconcile("pods")
		w.event(v1alpha1.ReasonRangeRestored)
		w.want("pods", v1alpha1.ReasonReady, 1, "10.0.0.0/24")
	}
}
