package carve

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Demand is who asks for more than there is.
type Demand struct {
	Waiting []Waiter
	// Unused are granted ranges that nothing is given out of yet: until then
	// nobody knows who will still wait.
	Unused map[netip.Prefix]bool
	// Held is true for a range of which something has a part that no Node
	// publishes: a claim, an instance, a quarantine.
	Held map[netip.Prefix]bool
}

// GrowthInput is all that growing and reclaiming depend on.
type GrowthInput struct {
	Request *v1alpha1.RangeRequest
	Use     Use
	Demand  Demand
	Others  []v1alpha1.RangeRequest // all requests; the request itself is left out
	Now     time.Time
}

// Further is one more range that is called for.
type Further struct {
	Subnet string
	Length int
	Why    string
}

// Growth is what growing and reclaiming call for.
type Growth struct {
	Carve   []Further
	Limited *conditions.Refusal // the first of what is called for and not allowed
	// Empty is since when each grown range is empty, by its CIDR; those of
	// which anything has a part are not in it.
	Empty map[string]time.Time
	// Leave is the CIDR of a range that is to be reclaimed; it is empty
	// where there is none.
	Leave, LeaveWhy string
	// Next is when time alone calls for something; 0 is never.
	Next time.Duration
}

// Grow says which further ranges a request is to have and which it gives
// back. It is pure.
func Grow(in GrowthInput) Growth {
	g := Growth{Empty: map[string]time.Time{}}
	if in.Request.Spec.Growth == nil {
		return g
	}
	for _, s := range in.subnets() {
		calls := in.calls(s)
		switch {
		case calls == "":
			in.tooLarge(s, &g)
		case meta.IsStatusConditionTrue(in.Request.Status.Conditions, v1alpha1.ConditionAllocatorConflict):
			g.limit(conditions.Refuse(v1alpha1.ReasonForeignPodCIDR, "subnet %s needs another range (%s), but another allocator sets the podCIDRs of the request's nodes: nothing would be allocated from it, so none is added until that allocator is turned off; see condition %s",
				s.name, calls, v1alpha1.ConditionAllocatorConflict))
		case len(s.all) >= int(in.Request.Spec.Growth.MaxRanges):
			g.limit(conditions.Refuse(v1alpha1.ReasonRangesAtLimit, "%s needs another range (%s) but already has %d, as many as growth.maxRanges allows; raise it, or create another RangeRequest",
				Place(s.name), calls, len(s.all)))
		default:
			g.Carve = append(g.Carve, Further{Subnet: s.name, Length: s.length, Why: calls})
		}
		in.reclaim(s, calls != "", &g)
	}
	return g
}

func (g *Growth) limit(no *conditions.Refusal) {
	if g.Limited == nil {
		g.Limited = no
	}
}

// grownSubnet is what a request has in one subnet.
type grownSubnet struct {
	name   string
	all    []v1alpha1.GrantedRange
	stay   []netip.Prefix // without those that are leaving, the first first
	length int            // of a further range
}

func (in GrowthInput) subnets() []grownSubnet {
	var out []grownSubnet
	for _, r := range in.Request.Status.Ranges {
		p, ok := r.Prefix()
		if !ok {
			continue
		}
		at := slices.IndexFunc(out, func(s grownSubnet) bool { return s.name == r.Subnet })
		if at < 0 {
			at = len(out)
			out = append(out, grownSubnet{name: r.Subnet, length: p.Bits()})
			if n := in.Request.Spec.Growth.PrefixLength; n != nil {
				out[at].length = int(*n)
			}
		}
		out[at].all = append(out[at].all, r)
		if !r.Leaving && !r.Claimed() {
			out[at].stay = append(out[at].stay, p)
		}
	}
	return out
}

// calls says in words what calls for a further range; it is empty where
// nothing does.
//
// Utilization calls for one only when the newest range is that full too: one
// that was carved a moment ago counts at once, and where further ranges are
// small, the first few would change too little and all would be carved in a
// row. Waiting nodes call for one only when the node controller gives out of
// all there are, and they still wait.
func (in GrowthInput) calls(s grownSubnet) string {
	g := in.Request.Spec.Growth
	if len(s.stay) == 0 || slices.ContainsFunc(s.all, v1alpha1.GrantedRange.Claimed) {
		return "" // it has nothing, or one more is on its way
	}
	newest := s.stay[len(s.stay)-1]
	full := percent(in.allocated(s.stay), in.usable(s.stay))
	if full >= g.Threshold && percent(in.Use.By[newest], in.Use.UsableOf(newest)) >= g.Threshold {
		return fmt.Sprintf("%d%% of its ranges are in use; the threshold is %d%%", full, g.Threshold)
	}
	if slices.ContainsFunc(s.stay, func(p netip.Prefix) bool { return in.Demand.Unused[p] }) {
		return ""
	}
	waiting := in.waiting(s, func(bits int) bool { return bits >= s.length })
	if len(waiting) > 0 && len(waiting) >= int(g.WaitingNodes) {
		return fmt.Sprintf("%d nodes wait for room: %s", len(waiting), conditions.List(waiting, conditions.Few))
	}
	return ""
}

func (in GrowthInput) allocated(ranges []netip.Prefix) (sum prefix.Count) {
	for _, p := range ranges {
		sum = sum.Add(in.Use.By[p])
	}
	return sum
}

func (in GrowthInput) usable(ranges []netip.Prefix) (sum prefix.Count) {
	for _, p := range ranges {
		sum = sum.Add(in.Use.UsableOf(p))
	}
	return sum
}

// waiting returns the nodes that wait for this request to grow in the subnet,
// of the sizes that count. A node waits for the first of the requests it
// tries that can grow.
func (in GrowthInput) waiting(s grownSubnet, size func(bits int) bool) (names []string) {
	for _, w := range in.Demand.Waiting {
		for _, want := range w.Wants {
			if want.Request == in.Request.Name {
				if want.Subnet == s.name && size(want.Bits) {
					names = append(names, w.Node)
				}
				break
			}
			if in.grows(want.Request) {
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

func (in GrowthInput) grows(request string) bool {
	for i := range in.Others {
		if o := &in.Others[i]; o.Name == request {
			return o.Spec.Growth != nil && o.DeletionTimestamp.IsZero() && !meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionGrowthLimited)
		}
	}
	return false
}

// tooLarge says that nodes wait which no further range would help.
func (in GrowthInput) tooLarge(s grownSubnet, g *Growth) {
	if waiting := in.waiting(s, func(bits int) bool { return bits < s.length }); len(waiting) > 0 {
		g.limit(conditions.Refuse(v1alpha1.ReasonNodeLargerThanRange, "nodes in subnet %s need more than another range of /%d holds (%s); set growth.prefixLength to a larger range",
			s.name, s.length, conditions.List(waiting, conditions.Few)))
	}
}

// Waiter is a Node that waits for room, and where it tries, in order.
type Waiter struct {
	Node  string
	Wants []Want
}

// Want is a request's ranges in one subnet, and the prefix length wanted.
type Want struct {
	Request, Subnet string
	Bits            int
}
