package node

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// inherit hands the prefix to the Node that the same instance registered
// anew: it is on its interface already. A machine that was re-created under
// the same name is another instance, and inherits nothing but what its Node
// publishes.
func (c *Controller) inherit(ctx context.Context, h allocator.Allocation, current *corev1.Node) (done bool, again reconcile.Result) {
	if current == nil || h.Instance == "" || current.UID == h.NodeUID || current.Spec.ProviderID != h.Instance {
		return false, again
	}
	publishes := slices.Contains(current.Spec.PodCIDRs, h.Prefix.String())
	if !publishes {
		if len(current.Spec.PodCIDRs) > 0 || c.releases.tookOff(h.NodeUID) {
			return false, again
		}
		carries, err := c.stillCarries(ctx, h)
		if err != nil {
			return true, c.later(ctx, h, err)
		}
		if !carries {
			return false, again
		}
	}
	heir, ok := c.allocator.Transfer(h.NodeUID, allocator.Holder{NodeUID: current.UID, Node: current.Name, Instance: h.Instance})
	if !ok {
		return false, again
	}
	c.releases.end(h.NodeUID)
	if !publishes {
		// The new promise is durable before the old one ends.
		if err := c.ledger.Claim(ctx, entryOf(heir)); err != nil {
			c.noClaim(err)
			return true, again
		}
		c.allocator.MarkDurable(current.UID)
	}
	c.ledger.End(h.NodeUID, h.Prefix)
	return true, again
}

// stillCarries tells whether the machine that the prefix was put on lives and
// carries it.
func (c *Controller) stillCarries(ctx context.Context, h allocator.Allocation) (bool, error) {
	vpc, ok := c.catalog.Load().vpcOf(h.Key.Request)
	if !ok {
		return false, c.unread(h)
	}
	nic, err := vpc.Interfaces.Get(ctx, h.Instance)
	if cloud.Is(err, cloud.NotFound) {
		return false, nil
	}
	return err == nil && sameMachine(h, nic) && nic.Holds(h.Prefix), err
}

// sameMachine tells that the interface is of the machine that the prefix was
// put on, as far as that is known, and not of one re-created under its name.
func sameMachine(h allocator.Allocation, nic cloud.Interface) bool {
	return h.InstanceUID == "" || nic.InstanceUID == h.InstanceUID
}
