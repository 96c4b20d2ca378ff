package carve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/golden"
)

// has is one range of a request in a growth story.
type has struct {
	cidr, subnet string
	used         uint64        // addresses
	empty        time.Duration // for how long
	grown        bool
	leaving      bool
	unused       bool // by the node controller
	held         bool // by what publishes nothing
}

// growthStory is a GrowthInput in short.
type growthStory struct {
	name     string
	growth   v1alpha1.Growth
	ranges   []has
	waiting  []Waiter
	others   []v1alpha1.RangeRequest
	noGrowth bool
	rivalled bool
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func (s growthStory) input() GrowthInput {
	r := &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	g := s.growth
	g.Threshold, g.WaitingNodes, g.MaxRanges = orElse(g.Threshold, 80), orElse(g.WaitingNodes, 1), orElse(g.MaxRanges, 8)
	if g.ReclaimAfter == nil {
		g.ReclaimAfter = ptr.To(v1alpha1.Duration("1h"))
	}
	if !s.noGrowth {
		r.Spec.Growth = &g
	}
	if s.rivalled {
		r.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAllocatorConflict, Status: metav1.ConditionTrue}}
	}
	in := GrowthInput{Request: r, Others: s.others, Now: noon, Demand: Demand{Waiting: s.waiting, Unused: map[netip.Prefix]bool{}, Held: map[netip.Prefix]bool{}}}
	in.Use.By = map[netip.Prefix]prefix.Count{}
	for _, x := range s.ranges {
		p := netip.MustParsePrefix(x.cidr)
		granted := v1alpha1.GrantedRange{CIDR: x.cidr, Subnet: x.subnet, Grown: x.grown, Leaving: x.leaving}
		if x.empty != 0 {
			granted.EmptySince = ptr.To(metav1.NewTime(noon.Add(-x.empty)))
		}
		r.Status.Ranges = append(r.Status.Ranges, granted)
		in.Use.By[p] = prefix.NewCount(x.used)
		in.Demand.Unused[p], in.Demand.Held[p] = x.unused, x.held
	}
	return in
}

func orElse(v, other int32) int32 {
	if v == 0 {
		return other
	}
	return v
}

func waits(node, subnet string, bits int, before ...string) Waiter {
	w := Waiter{Node: node}
	for _, request := range append(before, "pods") {
		w.Wants = append(w.Wants, Want{Request: request, Subnet: subnet, Bits: bits})
	}
	return w
}

func growing(name string, limited bool) v1alpha1.RangeRequest {
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name}}
	r.Spec.Growth = &v1alpha1.Growth{}
	if limited {
		r.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionGrowthLimited, Status: metav1.ConditionTrue}}
	}
	return r
}

var (
	first     = has{cidr: "10.0.0.0/24", subnet: "a", used: 128}
	full      = has{cidr: "10.0.0.0/24", subnet: "a", used: 256}
	atMargin  = has{cidr: "10.0.0.0/24", subnet: "a", used: 179}
	pastIt    = has{cidr: "10.0.0.0/24", subnet: "a", used: 180}
	emptyHour = has{cidr: "10.0.1.0/24", subnet: "a", grown: true, empty: time.Hour}
	oneWaits  = []Waiter{waits("n1", "a", 25)}
)

var growthStories = []growthStory{
	{name: "no growth", noGrowth: true, ranges: []has{full}, waiting: oneWaits},
	{name: "room", ranges: []has{first}},
	{name: "below the threshold by an address", ranges: []has{{cidr: "10.0.0.0/24", subnet: "a", used: 202}}},
	{name: "at the threshold, rounded up", ranges: []has{{cidr: "10.0.0.0/24", subnet: "a", used: 203}}},
	{name: "a size of its own", growth: v1alpha1.Growth{PrefixLength: ptr.To[int32](22)}, ranges: []has{full}},
	{name: "each subnet by itself", ranges: []has{full, {cidr: "10.0.4.0/22", subnet: "b", used: 100}, {cidr: "10.0.8.0/23", subnet: "c", used: 512}}},
	{name: "full but for the newest, which counts at once", growth: v1alpha1.Growth{PrefixLength: ptr.To[int32](28)},
		ranges: []has{full, {cidr: "10.0.1.0/28", subnet: "a", grown: true, empty: time.Second}}},
	{name: "full, the newest too", growth: v1alpha1.Growth{PrefixLength: ptr.To[int32](28)}, ranges: []has{full, {cidr: "10.0.1.0/28", subnet: "a", grown: true, used: 16}}},
	{name: "as many as allowed", growth: v1alpha1.Growth{MaxRanges: 2}, ranges: []has{full, {cidr: "10.0.1.0/24", subnet: "a", grown: true, used: 256}}},
	{name: "as many as allowed, one of which leaves", growth: v1alpha1.Growth{MaxRanges: 2}, ranges: []has{full, {cidr: "10.0.1.0/24", subnet: "a", grown: true, leaving: true}}},

	{name: "a node waits", ranges: []has{first}, waiting: oneWaits},
	{name: "fewer nodes wait than it takes", growth: v1alpha1.Growth{WaitingNodes: 2}, ranges: []has{first}, waiting: oneWaits},
	{name: "as many as it takes", growth: v1alpha1.Growth{WaitingNodes: 2}, ranges: []has{first}, waiting: []Waiter{waits("n2", "a", 25), waits("n1", "a", 26)}},
	{name: "a node waits while the one just carved has not been used", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true, empty: time.Second, unused: true}}, waiting: oneWaits},
	{name: "a node waits, and the one just carved is used and has no room for it", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true, used: 64}}, waiting: oneWaits},
	{name: "a node waits elsewhere", ranges: []has{first}, waiting: []Waiter{waits("n1", "z", 25)}},
	{name: "a node waits for another request", ranges: []has{first}, waiting: []Waiter{{Node: "n1", Wants: []Want{{"gpu", "a", 25}}}}},
	{name: "a node that tries another first that can grow", ranges: []has{first}, waiting: []Waiter{waits("n1", "a", 25, "older")}, others: []v1alpha1.RangeRequest{growing("older", false)}},
	{name: "a node that tries another first that cannot grow now", ranges: []has{first}, waiting: []Waiter{waits("n1", "a", 25, "older")}, others: []v1alpha1.RangeRequest{growing("older", true)}},
	{name: "a node that tries another first that never grows", ranges: []has{first}, waiting: []Waiter{waits("n1", "a", 25, "older")}, others: []v1alpha1.RangeRequest{{ObjectMeta: metav1.ObjectMeta{Name: "older"}}}},
	{name: "a node larger than a further range", ranges: []has{first}, waiting: []Waiter{waits("n1", "a", 23)}},

	{name: "empty since now", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true}}},
	{name: "empty for less than an hour", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true, empty: 50 * time.Minute}}},
	{name: "empty for an hour", ranges: []has{first, emptyHour}},
	{name: "in use again", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true, used: 64, empty: time.Hour}}},
	{name: "used by none but a stray alias", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true, held: true, empty: 2 * time.Hour}}},
	{name: "empty, never to be reclaimed", growth: v1alpha1.Growth{ReclaimAfter: ptr.To(v1alpha1.Duration("0s"))}, ranges: []has{first, emptyHour}},
	{name: "empty, while a node waits", growth: v1alpha1.Growth{WaitingNodes: 2}, ranges: []has{first, emptyHour}, waiting: oneWaits},
	{name: "empty, and the others at the margin", ranges: []has{atMargin, emptyHour}},
	{name: "empty, and the others past the margin", ranges: []has{pastIt, emptyHour}},
	{name: "empty, with a threshold below the margin", growth: v1alpha1.Growth{Threshold: 5}, ranges: []has{{cidr: "10.0.0.0/24", subnet: "a"}, emptyHour}},
	{name: "two empty: the longest empty goes", ranges: []has{first, emptyHour, {cidr: "10.0.2.0/24", subnet: "a", grown: true, empty: 2 * time.Hour}}},
	{name: "two empty, one leaves: the other stays for now", ranges: []has{first, emptyHour, {cidr: "10.0.2.0/24", subnet: "a", grown: true, empty: 2 * time.Hour, leaving: true}}},
	{name: "the first is empty, and stays", ranges: []has{{cidr: "10.0.0.0/24", subnet: "a", empty: 3 * time.Hour}, {cidr: "10.0.1.0/24", subnet: "a", grown: true, used: 1}}},
	{name: "full, while another allocator is at work", rivalled: true, ranges: []has{full}},
	{name: "a node waits, while another allocator is at work", rivalled: true, ranges: []has{first}, waiting: oneWaits},
	{name: "room, while another allocator is at work", rivalled: true, ranges: []has{first}},
	{name: "empty for an hour, while another allocator is at work", rivalled: true, ranges: []has{first, emptyHour}},
	{name: "the clock was set back", ranges: []has{first, {cidr: "10.0.1.0/24", subnet: "a", grown: true, empty: -time.Hour}}},
}

func TestGrow(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range growthStories {
		fmt.Fprintf(&b, "# %s\n", s.name)
		g := Grow(s.input())
		for _, c := range g.Carve {
			fmt.Fprintf(&b, "carve a /%d in %s: %s\n", c.Length, c.Subnet, c.Why)
		}
		if g.Limited != nil {
			fmt.Fprintf(&b, "limited, %s: %s\n", g.Limited.Reason, g.Limited.Text)
		}
		for _, cidr := range slices.Sorted(keys(g.Empty)) {
			fmt.Fprintf(&b, "empty: %s since %s\n", cidr, g.Empty[cidr].Format(time.TimeOnly))
		}
		if g.Leave != "" {
			fmt.Fprintf(&b, "leaves: %s: %s\n", g.Leave, g.LeaveWhy)
		}
		if g.Next != 0 {
			fmt.Fprintf(&b, "again in %s\n", g.Next)
		}
		b.WriteString("\n")
	}
	golden.Check(t, "testdata/growth.golden", b.String())
}

func keys(m map[string]time.Time) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestNoGrowthIsEndless carves as long as something calls for more, nothing
// being used of it: after one range it ends, whatever there was.
func TestNoGrowthIsEndless(t *testing.T) {
	t.Parallel()
	for _, s := range growthStories {
		in := s.input()
		for round := 0; ; round++ {
			g := Grow(in)
			if len(g.Carve) == 0 {
				break
			}
			if round > 0 {
				t.Fatalf("%s: a second range is carved while the first is empty: %+v", s.name, g.Carve)
			}
			for i, c := range g.Carve {
				p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 200, byte(i), 0}), c.Length)
				in.Request.Status.Ranges = append(in.Request.Status.Ranges, v1alpha1.GrantedRange{CIDR: p.String(), Subnet: c.Subnet, Grown: true})
				in.Demand.Unused[p] = true
			}
		}
	}
}

// TestWhatIsGivenBackIsNotCalledFor: what leaves does not come again.
func TestWhatIsGivenBackIsNotCalledFor(t *testing.T) {
	t.Parallel()
	some := false
	for _, s := range growthStories {
		in := s.input()
		g := Grow(in)
		if g.Leave == "" {
			continue
		}
		some = true
		in.Request.Status.Ranges = slices.DeleteFunc(in.Request.Status.Ranges, func(r v1alpha1.GrantedRange) bool { return r.CIDR == g.Leave })
		if again := Grow(in); len(again.Carve) > 0 {
			t.Errorf("%s: %s leaves and is carved again: %+v", s.name, g.Leave, again.Carve)
		}
	}
	if !some {
		t.Error("no story gives anything back")
	}
}

func TestPlanFurther(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range []struct {
		story
		subnet string
		limit  int
	}{
		{story: story{name: "a further range", length: 16, had: granted("10.8.0.0/16", "nodes"), ranges: there("10.8.0.0/16", "nodes")}},
		{story: story{name: "no room", length: 12}},
		{story: story{name: "around its own range that vanished", length: 16, had: granted("10.1.0.0/16", "nodes")}},
		{story: story{name: "around a ServiceCIDR", length: 16, services: []string{"10.1.0.0/24"}}},
		{story: story{name: "as many ranges as the cloud allows", length: 16, had: granted("10.8.0.0/16", "nodes"), ranges: there("10.8.0.0/16", "nodes")}, limit: 1},
		{story: story{name: "a subnet that is gone", length: 16}, subnet: "gone"},
	} {
		fmt.Fprintf(&b, "# %s\n", s.name)
		in := s.input()
		for i := range in.Snapshot.Subnets {
			in.Snapshot.Subnets[i].MaxRanges = s.limit
		}
		f := Further{Subnet: "nodes", Length: int(s.length), Why: "2 nodes wait"}
		if s.subnet != "" {
			f.Subnet = s.subnet
		}
		if step, no := PlanFurther(in, f); no != nil {
			fmt.Fprintf(&b, "refused, %s: %s\n\n", no.Reason, no.Text)
		} else {
			fmt.Fprintf(&b, "create %v, grown %v, %s %s: %s\n\n", step.Create, step.Grown, step.Range.Name, step.Range.Prefix, step.Why)
		}
	}
	golden.Check(t, "testdata/further.golden", b.String())
}
