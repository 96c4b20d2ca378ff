package stress

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// requestWaits is nil when the request has all it asked for, or has to wait
// and says why.
func requestWaits(q v1alpha1.RangeRequest, h *hands, v view, s *seen) error {
	ready := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case q.Status.ObservedGeneration != q.Generation:
		return fmt.Errorf("I5: RangeRequest %s has not been looked at since it changed", q.Name)
	case ready == nil || ready.Reason == "" || ready.Message == "":
		return fmt.Errorf("I7: RangeRequest %s says nothing: %+v", q.Name, ready)
	case !q.DeletionTimestamp.IsZero():
		if ready.Reason == v1alpha1.ReasonInUse && (h.hold(q) || v.servicesHold(q) || v.nodesHold(q) || h.lostAny(q, s) || h.inPlaceOf(q, s)) {
			return nil
		}
		return fmt.Errorf("I5: RangeRequest %s is deleted and still there: %s: %s", q.Name, ready.Reason, ready.Message)
	case ready.Status == "True":
		return nil
	case ready.Reason == v1alpha1.ReasonUnsupported && q.Spec.Purpose == v1alpha1.Proxy && s.on.noProxy:
		return nil
	case ready.Reason == v1alpha1.ReasonOverlap && len(q.Spec.CIDRs) > 0:
		return nil // somebody else has a block that it asks for by name
	case ready.Reason == v1alpha1.ReasonOverlap && q.Spec.Purpose == v1alpha1.Services && s.on.inside:
		return nil // routes to another cluster's nodes, which knows nothing of it
	case ready.Reason == v1alpha1.ReasonRangeMissing && slices.ContainsFunc(q.Status.Ranges, func(g v1alpha1.GrantedRange) bool { return g.Adopted }):
		return nil // another cluster's proxy-only subnet, which that took away
	case h.lostAny(q, s):
		return nil // or the place of one that people took out
	}
	return fmt.Errorf("I5: RangeRequest %s is not ready: %s: %s", q.Name, ready.Reason, ready.Message)
}

// servicesHold tells whether a Service has an address of the request's, also
// of a ServiceCIDR that the request was deleted too soon to record.
func (v view) servicesHold(q v1alpha1.RangeRequest) bool {
	return slices.ContainsFunc(v.cidrs, func(x networkingv1.ServiceCIDR) bool {
		return x.Annotations[ofRequest] == q.Name && slices.ContainsFunc(x.Spec.CIDRs, func(text string) bool {
			return v.held(netip.MustParsePrefix(text)) > 0
		})
	})
}

// nodesHold tells whether Nodes publish a piece of the request's: the kubelet
// of a VM that still carried one registered again.
func (v view) nodesHold(q v1alpha1.RangeRequest) bool {
	s := &seen{nodes: v.nodes}
	return slices.ContainsFunc(q.Status.Ranges, func(g v1alpha1.GrantedRange) bool {
		return overlaps(netip.MustParsePrefix(g.CIDR), s.published())
	})
}

// hold tells whether people hold a piece of the request's ranges.
func (h *hands) hold(q v1alpha1.RangeRequest) bool {
	for _, g := range q.Status.Ranges {
		in := netip.MustParsePrefix(g.CIDR)
		for _, p := range h.thieves {
			if in.Overlaps(p) {
				return true
			}
		}
	}
	return false
}

// nodeWaits is nil when there is no room for the Node and it says so.
func (v view) nodeWaits(n corev1.Node, s *seen, h *hands) error {
	cond := invariants.Condition(n)
	if cond == nil || cond.Status != corev1.ConditionTrue || cond.Reason == "" || cond.Message == "" {
		return fmt.Errorf("I7: node %s waits and does not say why: %+v", n.Name, cond)
	}
	if !slices.Contains(v.events[n.UID], cond.Reason) {
		return fmt.Errorf("I7: node %s waits (%s: %s), and no Event says so", n.Name, cond.Reason, cond.Message)
	}
	m := s.machineOf(n)
	bounds, none := s.on.bounds(m)
	subnet := m.Subnet
	var room []netip.Prefix
	candidates := assign.Candidates(v.requests, assign.LabelsOf(&n))
	granted, lost, undersized := 0, false, false
	for _, q := range candidates {
		subnet, bounds, none := subnet, bounds, none
		if q.Spec.Attachment == v1alpha1.AttachRoutes { // in no subnet, and out of no slots
			subnet, bounds, none = "", assign.Bounds{PerPod: bounds.PerPod}, false
		}
		size, _ := assign.NodeSize(q, n.Status.Capacity.Pods().Value(), bounds)
		undersized = undersized || size.Undersized
		for _, g := range q.Status.Ranges {
			if g.Subnet != subnet {
				continue
			}
			granted++
			if h.lost(subnet, g, s) {
				lost = true
				continue
			}
			for _, free := range prefix.Free([]netip.Prefix{netip.MustParsePrefix(g.CIDR)}, append(s.taken(), h.routes...)) {
				if free.Bits() <= size.Bits && !size.Undersized && !none {
					room = append(room, free)
				}
			}
		}
	}
	if len(room) > 0 {
		return fmt.Errorf("I5: node %s waits (%s: %s), and %v are free", n.Name, cond.Reason, cond.Message, room)
	}
	may := []string{v1alpha1.ReasonRangeExhausted}
	if granted == 0 {
		may = append(may, v1alpha1.ReasonPending, v1alpha1.ReasonWrongSubnet)
	}
	if undersized {
		may = append(may, v1alpha1.ReasonNodeUndersized)
	}
	if none {
		may = append(may, string(cloud.LimitExceeded))
	}
	if lost {
		may = append(may, v1alpha1.ReasonRangeMissing)
	}
	if !slices.Contains(may, cond.Reason) {
		return fmt.Errorf("I5: node %s waits: %s: %s", n.Name, cond.Reason, cond.Message)
	}
	return nil
}

// bounds are those of the size of a machine's next piece; none tells that it
// takes none of any size.
func (g ground) bounds(m invariants.Machine) (b assign.Bounds, none bool) {
	b = g.sizes
	slots, count := g.slots[m.Type]
	if !count {
		return b, false
	}
	free := slots - len(m.Single)
	for _, p := range m.Carried {
		if p.Range != e2e.ByRoute {
			free -= 1 << (b.Smallest - p.Prefix.Bits())
		}
	}
	if free <= 0 {
		return b, true
	}
	for b.Largest = b.Smallest; 2<<(b.Smallest-b.Largest) <= free; {
		b.Largest--
	}
	return b, false
}

func (s *seen) machineOf(n corev1.Node) invariants.Machine {
	for _, m := range s.machines {
		if m.ProviderID == n.Spec.ProviderID {
			return m
		}
	}
	return invariants.Machine{}
}
