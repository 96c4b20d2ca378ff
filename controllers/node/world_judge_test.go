package node

import (
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// departure is when a prefix was last seen with an instance.
type departure struct {
	instance string
	at       time.Time
	by       *process // who led then
}

func (w *world) departed(p netip.Prefix, from string) {
	w.left[p] = departure{instance: from, at: time.Now()}
	if w.leader.c.allocator.Has(allocator.Key{Request: "pods", Subnet: "nodes"}) { // what goes while nobody looks cannot be known to rest
		w.left[p] = departure{from, time.Now(), w.leader}
	}
}

// judgePublished is I1 and I2 at the moment of publishing, and that the
// families are those of the request, in their order.
func (w *world) judgePublished(n *corev1.Node, podCIDRs []string) {
	vm := w.instancesOf(n.Spec.ProviderID)
	var families []v1alpha1.Family
	for _, text := range podCIDRs {
		p := netip.MustParsePrefix(text)
		if p.Addr().Is4() {
			families = append(families, v1alpha1.IPv4)
		} else {
			families = append(families, v1alpha1.IPv6)
		}
		if p != vm.delegated && !vm.holds(p) {
			w.t.Errorf("I2: %s publishes %s, which %s does not carry", n.Name, p, n.Spec.ProviderID)
		}
		for _, other := range w.nodes {
			for _, text := range other.Spec.PodCIDRs {
				if other.Name != n.Name && netip.MustParsePrefix(text).Overlaps(p) {
					w.t.Errorf("I1: %s publishes %s, and %s publishes %s", n.Name, p, other.Name, text)
				}
			}
		}
	}
	if !slices.ContainsFunc(w.requests, func(r v1alpha1.RangeRequest) bool {
		return slices.Equal(families, r.Spec.IPFamilies) || len(r.Spec.IPFamilies) == 0 && len(families) == 1
	}) {
		w.t.Errorf("%s publishes the families %v", n.Name, families)
	}
}

// judgeAttached is I3 at the moment a prefix comes to an instance.
func (w *world) judgeAttached(id string, p netip.Prefix) {
	was, ok := w.left[p]
	if rested := time.Since(was.at); ok && was.instance != id && was.by == w.leader && rested < 2*time.Minute {
		w.t.Errorf("I3: %s comes to %s, %s after it left %s", p, id, rested, was.instance)
	}
}
