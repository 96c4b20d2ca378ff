package ranges

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestAPlanKeepsClearOfWhatWasRefused: until another cluster's change is done
// the VPC reads as if the block were free.
func TestAPlanKeepsClearOfWhatWasRefused(t *testing.T) {
	t.Parallel()
	in := story{length: 16, vpc: []string{"a", "b"}}.input()
	in.Now = noon
	refused := func(cidr string) {
		in.Request.Status.Refused = append(in.Request.Status.Refused, v1alpha1.RefusedBlock{CIDR: cidr, Time: metav1.NewTime(noon), Count: 1})
	}
	for range 4 {
		steps, no := Plan(in)
		if no != nil {
			t.Fatal(no)
		}
		for _, s := range steps {
			if slices.ContainsFunc(in.Request.Status.Refused, func(x v1alpha1.RefusedBlock) bool { return x.CIDR == s.Range.Prefix.String() }) {
				t.Errorf("%s was refused and is planned again", s.Range.Prefix)
			}
		}
		refused(steps[0].Range.Prefix.String())
	}
	refused("10.0.0.0/12")
	if steps, no := Plan(in); no == nil {
		t.Errorf("all was refused, and %v is planned", steps)
	}
}

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

// TestGrowthStaysInTheSpaceThatWasAskedFor: in the supernet of the first ranges,
// then in one of the same kind of space, in another kind only where the request
// names it.
func TestGrowthStaysInTheSpaceThatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		supernets, own  []v1alpha1.CIDR
		first, want, no string
	}{
		{"the same supernet", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/16"}, nil, "100.66.0.0/24", "100.66.0.0/16", ""},
		{"the same kind of space", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/24", "100.67.0.0/24"}, nil, "100.66.0.0/24", "100.67.0.0/24", ""},
		{"no other kind", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/24"}, nil, "100.66.0.0/24", "", "10.64.0.0/16 too, which is another kind of space"},
		{"where it says", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/16"}, []v1alpha1.CIDR{"10.64.128.0/17"}, "100.66.0.0/24", "10.64.128.0/17", ""},
		{"nowhere else", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/24"}, []v1alpha1.CIDR{"100.66.0.0/24"}, "100.66.0.0/24", "", "not among the request's supernets"},
		{"in the Network's", []v1alpha1.CIDR{"10.64.0.0/16"}, []v1alpha1.CIDR{"10.65.0.0/16"}, "10.64.0.0/24", "", "not inside the supernets of Network default"},
	} {
		in := story{cidrs: []v1alpha1.CIDR{v1alpha1.CIDR(c.first)}, growth: true, had: granted(c.first, "nodes"), ranges: there(c.first, "nodes")}.input()
		in.Network.Spec.Supernets, in.Request.Spec.Supernets = c.supernets, c.own
		got, no := PlanFurther(in, Further{Subnet: "nodes", Length: 24, Why: "2 nodes wait"})
		switch {
		case c.no != "" && (no == nil || !strings.Contains(no.Text, c.no)):
			t.Errorf("%s: refused with %v, want %q", c.name, no, c.no)
		case c.no == "" && (no != nil || !netip.MustParsePrefix(c.want).Contains(got.Range.Prefix.Addr())):
			t.Errorf("%s: got %s, %v, want one in %s", c.name, got.Range.Prefix, no, c.want)
		}
	}
}

// TestASubnetCanStillExpand: what it would expand into is the last to be taken.
func TestASubnetCanStillExpand(t *testing.T) {
	t.Parallel()
	in := story{length: 22}.input() // its subnet has 10.0.0.0/20
	in.Network.Spec.Supernets, in.Network.Spec.Reserved = []v1alpha1.CIDR{"10.0.0.0/18"}, nil
	beside := netip.MustParsePrefix("10.0.16.0/20")
	for i := range 12 {
		steps, no := Plan(in)
		if no != nil {
			t.Fatal(no)
		}
		p := steps[0].Range.Prefix
		if (i >= 8) != beside.Overlaps(p) {
			t.Errorf("range %d is %s", i, p)
		}
		other := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("other", i)}}
		other.Status.Ranges = granted(p.String(), "nodes")
		in.Others = append(in.Others, other)
	}
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
	if c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonRangeMissing || !strings.Contains(c.Message, "wider (10.0.4.0/23) has its block now") {
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
