package carve

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// reclaimMargin is how far below the threshold, in percent, utilization has
// to stay without a range that is reclaimed, so that it is not carved again
// soon.
const reclaimMargin = 10

// reclaim finds the grown range that goes: one at a time, the longest empty
// first.
func (in GrowthInput) reclaim(s grownSubnet, wanted bool, g *Growth) {
	after := reclaimAfter(in.Request)
	in.findEmpty(s, after, g)
	anyWaits := len(in.waiting(s, func(int) bool { return true })) > 0
	leaves := slices.ContainsFunc(in.Request.Status.Ranges, func(r v1alpha1.GrantedRange) bool { return r.Leaving })
	if after == 0 || wanted || anyWaits || leaves || g.Leave != "" {
		return
	}
	for _, r := range in.longestEmpty(s, g.Empty) {
		full, spare := in.without(s, r)
		if !spare {
			continue
		}
		if left := after - in.Now.Sub(g.Empty[r.CIDR]); left > 0 {
			g.again(left)
			return
		}
		g.Leave = r.CIDR
		g.LeaveWhy = fmt.Sprintf("it has been empty for %s, and without it %d%% of the subnet's other ranges are in use", after, full)
		return
	}
}

// findEmpty finds since when the subnet's grown ranges are empty.
func (in GrowthInput) findEmpty(s grownSubnet, after time.Duration, g *Growth) {
	for _, r := range s.all {
		p, _ := r.Prefix()
		if !r.Grown || r.Adopted || r.Claimed() || !in.Use.By[p].IsZero() {
			continue
		}
		if in.Demand.Held[p] {
			if after > 0 { // no Node tells when it is over
				g.again(min(after, heldPause))
			}
			continue
		}
		since := in.Now
		if r.EmptySince != nil && !r.EmptySince.After(in.Now) { // else the clock was set back
			since = r.EmptySince.Time
		}
		g.Empty[r.CIDR] = since
	}
}

// reclaimAfter is how long a further range stays empty, and 0 where it is kept:
// one that was not understood is not reclaimed, and the request says so.
func reclaimAfter(r *v1alpha1.RangeRequest) time.Duration {
	if r.Spec.Growth == nil || r.Spec.Growth.ReclaimAfter == nil {
		return 0
	}
	after, err := r.Spec.Growth.ReclaimAfter.Parse()
	if err != nil {
		return 0
	}
	return after
}

// heldPause is how often a range is looked at that no Node uses and something
// else has a part of.
const heldPause = time.Minute

func (g *Growth) again(after time.Duration) {
	if g.Next == 0 || after < g.Next {
		g.Next = after
	}
}

// without returns how full the subnet's other ranges are, and whether that
// leaves enough room.
func (in GrowthInput) without(s grownSubnet, r v1alpha1.GrantedRange) (full int32, spare bool) {
	p, _ := r.Prefix()
	rest := slices.DeleteFunc(slices.Clone(s.stay), func(q netip.Prefix) bool { return q == p })
	full = percent(in.allocated(rest), in.usable(rest))
	return full, len(rest) > 0 && full <= max(0, in.Request.Spec.Growth.Threshold-reclaimMargin)
}

func (in GrowthInput) longestEmpty(s grownSubnet, since map[string]time.Time) []v1alpha1.GrantedRange {
	out := slices.DeleteFunc(slices.Clone(s.all), func(r v1alpha1.GrantedRange) bool {
		_, empty := since[r.CIDR]
		return !empty || r.Leaving
	})
	slices.SortStableFunc(out, func(a, b v1alpha1.GrantedRange) int {
		return cmp.Or(since[a.CIDR].Compare(since[b.CIDR]), cmp.Compare(a.CIDR, b.CIDR))
	})
	return out
}
