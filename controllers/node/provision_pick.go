package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/pool"
)

// pick chooses a prefix: the one the instance was created with, made larger
// where that can be, or one out of the first candidate with room.
func (c *Controller) pick(ctx context.Context, node *corev1.Node, nic cloud.Interface, candidates []*v1alpha1.RangeRequest, traits cloud.Traits, limit cloud.Limit) (h allocator.Allocation, no *conditions.Refusal) {
	bounds := boundsOf(traits, limit)
	holder := allocator.Holder{NodeUID: node.UID, Node: node.Name, Instance: node.Spec.ProviderID}
	maxPods := node.Status.Capacity.Pods().Value()
	w := c.wants(nic, candidates, maxPods, bounds, limit)
	switch {
	case w.unsized:
		return h, &conditions.Refusal{Reason: v1alpha1.ReasonPending, Quiet: true,
			Text: "the Node's status.capacity has no pods yet, by which its range is sized; the kubelet sets it"}
	case len(w.wants) == 0 && w.small == nil:
		return h, noPool(nic, candidates)
	}
	// Without the limit: what is on the interface already takes no more slots.
	mine := ownPrefixes{c, holder, nic, candidates, maxPods, assign.Bounds{PerPod: bounds.PerPod, Smallest: bounds.Smallest}, limit, traits.Grows}
	if h, no := mine.take(ctx); h.Prefix.IsValid() || no != nil {
		return h, no
	}
	if len(w.wants) == 0 {
		return h, w.small
	}
	if limit.Bits == cloud.TakesNone {
		w.wants = slices.DeleteFunc(w.wants, func(w allocator.Want) bool { return !w.Key.ByRoutes() })
	}
	if len(w.wants) == 0 {
		return h, takesNone(limit)
	}
	h, err := c.allocator.Take(holder, node.CreationTimestamp.Time, w.wants, c.Now())
	if err != nil {
		return h, exhausted(err, candidates, nic.Subnet, w.size)
	}
	return h, nil
}

// wants is what a Node wants of its candidates.
type wants struct {
	wants   []allocator.Want
	size    assign.Size         // of the last
	small   *conditions.Refusal // of the first candidate whose range would be too small
	unsized bool                // it is not known yet how many pods there are to be
}

func (c *Controller) wants(nic cloud.Interface, candidates []*v1alpha1.RangeRequest, maxPods int64, bounds assign.Bounds, limit cloud.Limit) (w wants) {
	for _, r := range candidates {
		key := keyOf(r, nic)
		if nic.Subnet == "" || !c.allocator.Has(key) {
			continue
		}
		within := bounds
		if key.ByRoutes() { // nothing of the interface bounds it
			within = assign.Bounds{PerPod: bounds.PerPod}
		}
		got, ok := assign.NodeSize(r, maxPods, within)
		if !ok {
			return wants{unsized: true}
		}
		if got.Undersized && !r.Spec.AllowUndersized {
			w.small = cmp.Or(w.small, undersized(r, got, maxPods, limit))
			continue
		}
		w.size = got
		w.wants = append(w.wants, allocator.Want{Key: key, Bits: got.Bits})
	}
	return w
}

func isCandidate(name string, candidates []*v1alpha1.RangeRequest) bool {
	return slices.ContainsFunc(candidates, func(r *v1alpha1.RangeRequest) bool { return r.Name == name })
}

func noNetwork(cat *catalog, r *v1alpha1.RangeRequest) *conditions.Refusal {
	text := fmt.Sprintf("RangeRequest %s names Network %s, which is not there; create it", r.Name, r.NetworkName())
	reason := v1alpha1.ReasonNetworkNotFound
	if err := cat.failures[r.NetworkName()]; err != nil {
		reason, text = v1alpha1.ReasonNetworkNotReady, fmt.Sprintf("Network %s cannot be used: %v", r.NetworkName(), err)
	}
	return &conditions.Refusal{Reason: reason, Text: text}
}

func notGranted(candidates []*v1alpha1.RangeRequest) *conditions.Refusal {
	return &conditions.Refusal{Reason: v1alpha1.ReasonPending, Quiet: true, Text: fmt.Sprintf(
		"RangeRequest %s has no range yet; see its conditions", strings.Join(namesOf(candidates), ", "))}
}

func noPool(nic cloud.Interface, candidates []*v1alpha1.RangeRequest) *conditions.Refusal {
	requests := strings.Join(namesOf(candidates), ", ")
	for _, r := range candidates {
		for _, x := range r.Status.Subnets {
			if x.Name == nic.SubnetName || x.Name == nic.Subnet {
				return &conditions.Refusal{Reason: v1alpha1.ReasonWrongSubnet, Text: fmt.Sprintf(
					"RangeRequest %s has no range in subnet %s, where the node's instance is (%s): %s; the node gets its range once there is one", r.Name, x.Name, x.Reason, x.Message)}
			}
		}
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonWrongSubnet, Text: fmt.Sprintf(
		"the interface of the node's instance is in subnet %s, where RangeRequest %s has no range; add the subnet to the Network and the request, or move the instance",
		nic.SubnetName, requests)}
}

func exhausted(err error, candidates []*v1alpha1.RangeRequest, subnet string, size assign.Size) *conditions.Refusal {
	last := candidates[len(candidates)-1]
	where := "in subnet " + subnet
	if isRouted(last) {
		where = "for routes"
	}
	if errors.Is(err, pool.ErrNotRestored) {
		return &conditions.Refusal{Reason: v1alpha1.ReasonNotRestored, Quiet: true, Text: "the ranges are being read; the node gets its range once all that is in use is known"}
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonRangeExhausted, Text: fmt.Sprintf(
		"RangeRequest %s has no room %s (%s): %v; the node gets the next range that is free, before nodes that came later",
		last.Name, where, size.Why, err)}
}
