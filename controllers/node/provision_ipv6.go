package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
)

// A Node of a request for both families publishes, beside the prefix out of
// the request's ranges, the IPv6 prefix that the cloud delegates to its
// interface, or the one that goes with that prefix (cloud.Interface.IPv6For),
// which is attached and taken off with it. Neither is anybody's to allocate or
// to release, but it is claimed all the same: what a Node publishes cannot be
// changed, so no two may be promised one prefix, by whatever leader.

// wantsIPv6 reports whether Nodes publish IPv6 with what they draw from the
// request.
func wantsIPv6(r *v1alpha1.RangeRequest) bool {
	return slices.Contains(r.Spec.IPFamilies, v1alpha1.IPv6)
}

// publishedIPv6 returns the Node's IPv6 podCIDR, wherever it stands.
func publishedIPv6(node *corev1.Node) (netip.Prefix, bool) {
	for _, text := range node.Spec.PodCIDRs {
		if p, err := netip.ParsePrefix(text); err == nil && p.Addr().Is6() {
			return p.Masked(), true
		}
	}
	return netip.Prefix{}, false
}

func texts(all []netip.Prefix) (out []string) {
	for _, p := range all {
		out = append(out, p.String())
	}
	return out
}

// feasible returns the candidates that the Node's interface can be served by:
// those before the first that asks for IPv6, where the interface has none. A
// Node whose first choice is out of reach waits for it: to take another for
// good, with a family less, is not ours to choose.
func (c *Controller) feasible(ctx context.Context, vpc cloud.VPC, nic cloud.Interface, candidates []*v1alpha1.RangeRequest) ([]*v1alpha1.RangeRequest, *conditions.Refusal) {
	if nic.Delegated.IsValid() || nic.Paired != nil {
		return candidates, nil
	}
	at := slices.IndexFunc(candidates, wantsIPv6)
	switch at {
	case -1:
		return candidates, nil
	case 0:
		return nil, noIPv6(ctx, vpc, candidates[0].Name, nic)
	}
	return candidates[:at], nil
}

// delegate notes the IPv6 prefix that the Node is to publish, where its
// request asks for IPv6. The holding is Unsaved until the claim says so too.
func (c *Controller) delegate(ctx context.Context, node *corev1.Node, h *allocator.Allocation, nic cloud.Interface, vpc cloud.VPC) *conditions.Refusal {
	r := c.findings.catalog().request(h.Key.Request)
	if r == nil {
		return requestGone(*h)
	}
	if !wantsIPv6(r) {
		return nil
	}
	six := nic.PodIPv6(h.Prefix)
	if !six.IsValid() {
		return noIPv6(ctx, vpc, r.Name, nic)
	}
	others, err := c.publishers(ctx, six, node.UID)
	if err != nil {
		return conditions.FromAPI("listing the Nodes that publish "+six.String(), err)
	}
	if len(others) > 0 {
		return ipv6Taken(nic, six, fmt.Errorf("node %s publishes %s", others[0].Node, others[0].Prefix))
	}
	if err := c.allocator.Delegate(node.UID, six); err != nil {
		return ipv6Taken(nic, six, err)
	}
	*h, _ = c.allocator.Held(node.UID)
	return nil
}

// podCIDRs returns what the Node is to publish, in the order of its request's
// families. With IPv6 the interface is read once more: what is published
// stands for good, so it has to be what the interface has now.
func (c *Controller) podCIDRs(ctx context.Context, h allocator.Allocation) ([]netip.Prefix, *conditions.Refusal) {
	if t := c.othersPublish(ctx, h); t != nil {
		return nil, t
	}
	cat := c.findings.catalog()
	r := cat.request(h.Key.Request)
	if r == nil {
		return nil, requestGone(h)
	}
	if !wantsIPv6(r) {
		return []netip.Prefix{h.Prefix}, nil
	}
	vpc, ok := cat.vpcOf(r.Name)
	if !ok {
		return nil, noNetwork(cat, r)
	}
	nic, err := vpc.Interfaces.Get(ctx, h.Instance)
	six := nic.PodIPv6(h.Prefix)
	switch {
	case err != nil:
		return nil, decide.NoInstance(err)
	case !six.IsValid():
		return nil, noIPv6(ctx, vpc, r.Name, nic)
	case six != h.Delegated || h.Unsaved || !nic.Carries(h.Prefix, six):
		return nil, &conditions.Refusal{Reason: string(cloud.Stale), Quiet: true, Text: fmt.Sprintf(
			"the interface of %s changed before %s and %s were published; what it has now is claimed and attached anew", h.Instance, h.Prefix, h.Delegated)}
	}
	out := make([]netip.Prefix, 0, 2)
	for _, f := range r.Spec.IPFamilies {
		if f == v1alpha1.IPv6 {
			out = append(out, h.Delegated)
		} else {
			out = append(out, h.Prefix)
		}
	}
	return out, nil
}

func noIPv6(ctx context.Context, vpc cloud.VPC, request string, nic cloud.Interface) *conditions.Refusal {
	err := vpc.Interfaces.ExplainNoIPv6(ctx, nic)
	if !cloud.Is(err, cloud.NotFound) {
		return conditions.FromCloud(err)
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonNoIPv6, Text: fmt.Sprintf(
		"RangeRequest %s requires IPv4 and IPv6, and the instance has no IPv6: %v", request, err)}
}

func ipv6Taken(nic cloud.Interface, six netip.Prefix, err error) *conditions.Refusal {
	return &conditions.Refusal{Reason: v1alpha1.ReasonIPv6Taken, Text: fmt.Sprintf(
		"the interface of %s has %s, which cannot be published: %v; two Nodes name one instance, or that Node's instance is gone: delete the Node that is in the wrong",
		nic.Instance, six, err)}
}

// paired is the IPv6 prefix that is attached and taken off with the holding's
// own: it is not valid where the request asks for none, or the cloud delegates
// it.
func (c *Controller) paired(h allocator.Allocation, nic cloud.Interface) netip.Prefix {
	r := c.findings.catalog().request(h.Key.Request)
	if r == nil || !wantsIPv6(r) || nic.Paired == nil || h.Key.ByRoutes() {
		return netip.Prefix{}
	}
	return nic.PodIPv6(h.Prefix)
}

func requestGone(h allocator.Allocation) *conditions.Refusal {
	return &conditions.Refusal{Reason: v1alpha1.ReasonPending, Quiet: true, Text: fmt.Sprintf(
		"%s was claimed out of RangeRequest %s, which is gone; the ranges are being read anew", h.Prefix, h.Key.Request)}
}
