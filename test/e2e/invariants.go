package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// CheckSettled is nil when every Node has its range, published and on its
// instance, and no two overlap (I1, I2).
func (w *World) CheckSettled() error {
	var nodes corev1.NodeList
	if err := w.API.List(context.Background(), &nodes); err != nil {
		return err
	}
	var all []netip.Prefix
	for _, n := range nodes.Items {
		if len(n.Spec.PodCIDRs) == 0 {
			return fmt.Errorf("node %s has no podCIDRs: %+v", n.Name, n.Status.Conditions)
		}
		p := netip.MustParsePrefix(n.Spec.PodCIDRs[0])
		for _, other := range all {
			if other.Overlaps(p) {
				return fmt.Errorf("I1: node %s publishes %s, another node %s", n.Name, p, other)
			}
		}
		all = append(all, p)
		i, ok := w.Sim.Instance(project, zone, n.Name)
		if !ok || !slices.Contains(carried(i), p.String()) {
			return fmt.Errorf("I2: node %s publishes %s, its instance carries %v", n.Name, p, carried(i))
		}
		if !slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeNetworkUnavailable && c.Status == corev1.ConditionFalse
		}) {
			return fmt.Errorf("node %s does not say that its network is available", n.Name)
		}
	}
	return nil
}
