package node

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/book"
)

// ipv6Changed tells that the Node publishes IPv6 that its interface does not
// have (any more), which nobody can mend but by a new Node.
func (c *Controller) ipv6Changed(node *corev1.Node, key book.Key, nic cloud.Interface) *trouble {
	p, ok := publishedIPv6(node)
	r := c.catalog.Load().request(key.Request)
	if !ok || r == nil || !wantsIPv6(r) || nic.Delegated == p {
		return nil
	}
	has := "has no IPv6"
	if nic.Delegated.IsValid() {
		has = "has " + nic.Delegated.String()
	}
	return &trouble{Reason: v1alpha1.ReasonIPv6Changed, Text: fmt.Sprintf(
		"podCIDRs say %s, and the interface of %s %s, as when a machine is created anew; podCIDRs cannot change: delete the Node and let it register again",
		p, nic.Instance, has)}
}

// lostIPv6 is ipv6Changed for the reading of all interfaces.
func (r *reading) lostIPv6(k book.Known, nic cloud.Interface) bool {
	if !k.Delegated.IsValid() || k.Delegated == nic.Delegated {
		return false
	}
	return slices.ContainsFunc(r.catalog.definitions, func(d book.Definition) bool {
		of := r.catalog.request(d.Key.Request)
		return of != nil && wantsIPv6(of) && slices.ContainsFunc(d.Ranges, func(x book.Range) bool { return x.Prefix.Overlaps(k.Prefix) })
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
