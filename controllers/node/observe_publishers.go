package node

import (
	"context"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// What a living Node publishes is in use, whoever wrote it and however it lies
// to our ranges (I1). The allocator holds one prefix a Node and one Node a prefix,
// and a Node may publish anything at any time; so whoever promises or publishes
// a prefix asks the cache first, by overlap.

// indexPodCIDR is the cache's index of Nodes by what they publish, coarse: by
// the block of podCIDRPart that it lies in, or podCIDRWide where it is wider.
const (
	indexPodCIDR = "spec.podCIDRs"
	podCIDRWide  = "wide"
)

// podCIDRPart is the block by which an address is looked up: so many Nodes
// share one that it takes little memory, and so few that they are soon read.
func podCIDRPart(a netip.Addr) netip.Prefix {
	bits := 22
	if a.Is6() {
		bits = 80
	}
	part, _ := a.Prefix(bits) // of a valid address it is valid
	return part
}

func podCIDRIndex(n *corev1.Node) (parts []string) {
	for _, p := range podCIDRsOf(n) {
		if part := podCIDRPart(p.Addr()); part.Bits() <= p.Bits() {
			parts = append(parts, part.String())
		} else {
			parts = append(parts, podCIDRWide)
		}
	}
	return parts
}

// podCIDRsOf returns the prefixes that a Node publishes.
func podCIDRsOf(n *corev1.Node) (out []netip.Prefix) {
	for _, text := range n.Spec.PodCIDRs {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// publishers returns the Nodes, but that one, that publish addresses of a prefix,
// each with what it publishes.
func (c *Controller) publishers(ctx context.Context, p netip.Prefix, but types.UID) (out []allocator.Allocation, err error) {
	part := podCIDRPart(p.Addr())
	options := [][]client.ListOption{{client.MatchingFields{indexPodCIDR: part.String()}}, {client.MatchingFields{indexPodCIDR: podCIDRWide}}}
	if p.Bits() < part.Bits() {
		options = [][]client.ListOption{{}}
	}
	for _, o := range options {
		var nodes corev1.NodeList // read only: it is the cache's own
		if err := c.Client.List(ctx, &nodes, append(o, client.UnsafeDisableDeepCopy)...); err != nil {
			return nil, err
		}
		for i := range nodes.Items {
			n := &nodes.Items[i]
			for _, q := range podCIDRsOf(n) {
				if n.UID != but && q.Overlaps(p) {
					out = append(out, allocator.Allocation{Holder: allocator.Holder{NodeUID: n.UID, Node: n.Name, Instance: n.Spec.ProviderID}, Prefix: q, Published: true})
				}
			}
		}
	}
	return out, nil
}

// othersPublish reports a Node that publishes what another one was promised, or
// is about to be.
func (c *Controller) othersPublish(ctx context.Context, h allocator.Allocation) *conditions.Refusal {
	others, err := c.publishers(ctx, h.Prefix, h.NodeUID)
	if err != nil {
		return conditions.FromAPI("listing the Nodes that publish "+h.Prefix.String(), err)
	}
	if len(others) == 0 {
		return nil
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonPrefixTaken, Text: fmt.Sprintf(
		"%s cannot be this node's: node %s publishes %s, which another allocator set; delete the Node that is in the wrong and let it register again",
		h.Prefix, others[0].Node, others[0].Prefix)}
}

// occupy keeps from being given out what the Node publishes and does not hold.
func (c *Controller) occupy(node *corev1.Node) {
	held, _ := c.allocator.Held(node.UID)
	for _, p := range podCIDRsOf(node) {
		if p != held.Prefix {
			c.allocator.Occupy(allocator.Holder{Instance: node.Spec.ProviderID}, p)
		}
	}
}

// tellPublishers has those Nodes come that publish what begins to rest: it is
// theirs.
func (c *Controller) tellPublishers(ctx context.Context, h allocator.Allocation) {
	for _, n := range c.publishing(ctx, h.Prefix) {
		c.enqueue(n.Node)
	}
}

// publishing returns who publishes addresses of p. Where the cache cannot say,
// whoever is to get p asks again.
func (c *Controller) publishing(ctx context.Context, p netip.Prefix) []allocator.Allocation {
	found, err := c.publishers(ctx, p, "")
	if err != nil {
		return nil
	}
	return found
}
