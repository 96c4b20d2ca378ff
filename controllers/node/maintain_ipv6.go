package node

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// published6 is the IPv6 prefix that can be put back on the interface with
// what the Node publishes; it is not valid where there is none.
func (c *Controller) published6(node *corev1.Node, h allocator.Allocation, nic cloud.Interface) netip.Prefix {
	if p, ok := publishedIPv6(node); ok && p == c.paired(h, nic) {
		return p
	}
	return netip.Prefix{}
}

// ipv6Changed reports that the Node publishes IPv6 that its interface can not
// have (any more), which nobody can mend but by a new Node.
func (c *Controller) ipv6Changed(node *corev1.Node, key allocator.Key, h allocator.Allocation, nic cloud.Interface) *conditions.Refusal {
	p, ok := publishedIPv6(node)
	r := c.findings.catalog().request(key.Request)
	six := nic.PodIPv6(h.Prefix)
	if !ok || r == nil || !wantsIPv6(r) || six == p {
		return nil
	}
	has := "has no IPv6"
	if six.IsValid() {
		has = "has " + six.String()
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonIPv6Changed, Text: fmt.Sprintf(
		"podCIDRs contain %s, but the interface of %s %s, for example because the instance was recreated; podCIDRs are immutable: delete the Node and let it register again",
		p, nic.Instance, has)}
}

// pairedOf is the IPv6 prefix that the Node publishes and that is attached with
// its other one.
func (r *reading) pairedOf(k allocator.Allocation, nic cloud.Interface) netip.Prefix {
	if nic.Paired != nil && k.Delegated == nic.PodIPv6(k.Prefix) {
		return k.Delegated
	}
	return netip.Prefix{}
}

// lostIPv6 is ipv6Changed for the reading of all interfaces.
func (r *reading) lostIPv6(k allocator.Allocation, nic cloud.Interface) bool {
	if !k.Delegated.IsValid() || k.Delegated == nic.PodIPv6(k.Prefix) {
		return false
	}
	return r.catalog.anyRange(func(key allocator.Key, x netip.Prefix) bool {
		of := r.catalog.request(key.Request)
		return of != nil && wantsIPv6(of) && x.Overlaps(k.Prefix)
	})
}

// disown lets the Node's IPv6 prefix be another's: where two publish one, it
// is that Node's whose interface has it.
func (r *reading) disown(uid types.UID) {
	for i := range r.world.Nodes {
		if r.world.Nodes[i].NodeUID == uid {
			r.world.Nodes[i].Delegated = netip.Prefix{}
		}
	}
}
