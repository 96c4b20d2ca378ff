package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// publishedPrefix returns the first of the Node's podCIDRs that lies in one of
// the ranges.
func (c *Controller) publishedPrefix(node *corev1.Node) (p netip.Prefix, key allocator.Key, ours bool) {
	for _, got := range podCIDRsOf(node) {
		if key, _, ok := c.allocator.Find(got); ok {
			return got, key, true
		}
	}
	return netip.Prefix{}, allocator.Key{}, false
}

// foreign reports a Node whose podCIDRs lie in no range, not wholly at least,
// where one of our requests selects it: another allocator is at work.
func (c *Controller) foreign(ctx context.Context, node *corev1.Node) reconcile.Result {
	c.leavePlace(node.UID)
	c.occupy(node)
	if c.granted(node) {
		// Its range is ours and cannot be read yet; a reading that succeeds
		// brings the Node back.
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	if len(assign.Candidates(c.findings.catalog().requests, assign.LabelsOf(node))) == 0 {
		return reconcile.Result{}
	}
	c.suspected(ctx, node)
	return c.setForeign(ctx, node, fmt.Sprintf(
		"podCIDRs %v do not lie in a granted range, so another allocator set them, and what they share with ranges stays occupied; run kube-controller-manager with --allocate-node-cidrs=false, then delete the Node and let it register again",
		node.Spec.PodCIDRs))
}

// granted reports whether one of the Node's podCIDRs lies in a range of ours,
// also one whose pool is not open.
func (c *Controller) granted(node *corev1.Node) bool {
	all := catalog{definitions: definitionsOf(c.findings.catalog().requests)}
	return slices.ContainsFunc(podCIDRsOf(node), func(p netip.Prefix) bool {
		return all.anyRange(func(_ allocator.Key, x netip.Prefix) bool { return prefix.Contains(x, p) })
	})
}

func (c *Controller) duplicate(ctx context.Context, node *corev1.Node, p netip.Prefix, err error) reconcile.Result {
	c.leavePlace(node.UID)
	c.occupy(node)
	if taken, ok := errors.AsType[*allocator.TakenError](err); !ok || taken.Holder.Node != node.Name {
		c.suspected(ctx, node) // else an earlier Node of its name has not let go yet
	}
	return c.setForeign(ctx, node, fmt.Sprintf(
		"podCIDR %s was set by another allocator: %v; delete the Node that is in the wrong and let it register again", p, err))
}

// setForeign says on the Node that its podCIDRs are somebody else's.
func (c *Controller) setForeign(ctx context.Context, node *corev1.Node, text string) reconcile.Result {
	told, err := c.status.Foreign(ctx, node, text)
	if told {
		c.Metrics.refused(v1alpha1.ReasonForeignPodCIDR)
	}
	if err != nil {
		return reconcile.Result{RequeueAfter: time.Second}
	}
	return reconcile.Result{}
}

// clearForeign takes that back of a Node that turned out well.
func (c *Controller) clearForeign(ctx context.Context, node *corev1.Node) {
	if err := c.status.NotForeign(ctx, node); err != nil {
		log.FromContext(ctx).Info("the node's condition could not be written", "error", err.Error())
	}
}
