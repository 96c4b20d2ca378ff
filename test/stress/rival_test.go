package stress

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// rivals is what another allocator gives out, and nobody else.
var rivals = netip.MustParsePrefix("172.24.0.0/14")

// rival is one write of another allocator, to a Node that has no podCIDRs or
// to one that joins with them. It never writes again, so it is gone.
func rival(r *rig, c *cluster, rng *rand.Rand) string {
	m := machine{subnet: subnets[rng.IntN(len(subnets))], pods: 8, pool: pools[rng.IntN(len(pools))].name}
	r.hands.made++
	m.podCIDR = nth(rivals, 24, r.hands.made%1024).String()
	for _, name := range slices.Sorted(maps.Keys(c.nodes)) {
		n := &corev1.Node{}
		if c.API.Get(r.ctx, client.ObjectKey{Name: name}, n) != nil || len(n.Spec.PodCIDRs) > 0 {
			continue
		}
		patch := client.MergeFromWithOptions(n.DeepCopy(), client.MergeFromWithOptimisticLock{})
		n.Spec.PodCIDR, n.Spec.PodCIDRs = m.podCIDR, []string{m.podCIDR}
		if c.API.Patch(r.ctx, n, patch) == nil {
			return fmt.Sprintf("%s for %s", m.podCIDR, name)
		}
	}
	if len(c.vms) >= most {
		return ""
	}
	return r.join(c, m) + " with " + m.podCIDR
}

// isForeign tells whether another allocator gave the Node its podCIDRs.
func isForeign(n corev1.Node) bool {
	return len(n.Spec.PodCIDRs) > 0 && rivals.Contains(netip.MustParsePrefix(n.Spec.PodCIDRs[0]).Addr())
}

// manageFirewall has the firewall kept, or only reported.
func manageFirewall(r *rig, c *cluster, rng *rand.Rand) string {
	to := []v1alpha1.FirewallPolicy{v1alpha1.ManageFirewall, v1alpha1.ReportFirewall}[rng.IntN(2)]
	n := &v1alpha1.Network{}
	r.must(c.API.Get(r.ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, n))
	if n.Spec.Firewall == to {
		return ""
	}
	patch := client.MergeFrom(n.DeepCopy())
	n.Spec.Firewall = to
	r.must(c.API.Patch(r.ctx, n, patch))
	return string(to)
}
