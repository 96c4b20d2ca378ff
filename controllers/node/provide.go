package node

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// provide brings a Node without podCIDRs to one: pick, claim, attach,
// confirm, publish (I2). Each return leaves the Node in a state from which
// the next call goes on.
func (c *Controller) provide(ctx context.Context, node *corev1.Node) reconcile.Result {
	candidates := assign.Candidates(c.findings.catalog().requests, assign.LabelsOf(node))
	if c.outdated(ctx, node, candidates) {
		c.leavePlace(node.UID)
		return reconcile.Result{RequeueAfter: catchUp}
	}
	if len(candidates) == 0 {
		c.leavePlace(node.UID)
		c.drop(node.UID)
		return reconcile.Result{} // not ours to provide for
	}
	c.rivals.SawIdle(node)
	if node.Spec.ProviderID == "" {
		return c.wait(ctx, node, &conditions.Refusal{
			Reason: v1alpha1.ReasonWaitingForProviderID,
			Text:   "the Node has no spec.providerID yet; the cloud controller manager's node controller sets it: check that it runs",
			Quiet:  true,
		})
	}
	op := c.operations.Take(node.UID)
	switch {
	case op.UnderWay:
		return reconcile.Result{} // it comes back when the operation ends
	case op.Err != nil:
		h, _ := c.allocator.Held(node.UID)
		return c.attachFailed(ctx, node, h, op.Err)
	case op.Ended:
		c.operations.Clear(node.UID)
		return c.publish(ctx, node)
	}
	holding, at, t := c.claim(ctx, node, candidates)
	if t != nil {
		return c.wait(ctx, node, t)
	}
	if holding == nil {
		return reconcile.Result{} // outside the gate: it is called later
	}
	return c.attach(ctx, node, *holding, at)
}

// catchUp is when a Node comes again for which the catalog is behind.
const catchUp = 100 * time.Millisecond

// place is the interface that a Node's prefix is to come to, and its VPC, in
// the way that prefixes of a request come.
type place struct {
	by  *v1alpha1.RangeRequest
	vpc cloud.VPC
	nic cloud.Interface
}

// claim gives what the Node holds, or finds it a prefix and makes the claim
// durable. Without a holding and trouble the Node has to come again.
func (c *Controller) claim(ctx context.Context, node *corev1.Node, candidates []*v1alpha1.RangeRequest) (*allocator.Allocation, place, *conditions.Refusal) {
	candidates, t := c.unrivalled(node, candidates)
	if t != nil {
		return nil, place{}, t
	}
	cat := c.findings.catalog()
	holding, held := c.allocator.Held(node.UID)
	if !held {
		if t := c.waits(cat, node, candidates); t != nil {
			return nil, place{}, t
		}
	}
	by := candidates[0]
	if r := cat.request(holding.Key.Request); held && r != nil {
		by = r
	}
	at, in, t := c.placeOf(ctx, cat, node, by, held && holding.Durable)
	if t != nil || !in {
		return nil, at, t
	}
	if held && release.HasMoved(holding, at.nic) {
		c.cede(holding)
		c.operations.Clear(node.UID)
		held = false
	}
	if !held {
		if holding, at, t = c.take(ctx, cat, node, candidates, at); t != nil {
			if t.Reason == v1alpha1.ReasonRangeExhausted || t.Reason == v1alpha1.ReasonWrongSubnet {
				c.status.NoRoom(node.Name, node.UID, roomMark(node, candidates), t)
			}
			return nil, at, t
		}
	}
	if holding, t = c.promise(ctx, node, holding, at); t != nil {
		return nil, at, t
	}
	return &holding, at, nil
}

// placeOf finds the Node's interface; in is false where too many Nodes do that
// already: then it is called later.
func (c *Controller) placeOf(ctx context.Context, cat *catalog, node *corev1.Node, by *v1alpha1.RangeRequest, fresh bool) (at place, in bool, _ *conditions.Refusal) {
	vpc, ok := cat.vpcOf(by.Name)
	if !ok {
		return at, false, noNetwork(cat, by)
	}
	if !c.limiter.Enter(node.UID, node.Name) {
		return at, false, nil
	}
	// The listing of all interfaces is not of routes.
	nic, listed := c.operations.TakeInterface(node.Spec.ProviderID)
	if fresh || !listed || isRouted(by) {
		var err error
		if nic, err = vpc.Interfaces.Get(ctx, node.Spec.ProviderID); err != nil {
			return at, false, noInstance(err)
		}
	}
	return place{by, vpc, nic}, true, nil
}

// take chooses a prefix for a Node that has none, and says where it comes to.
func (c *Controller) take(ctx context.Context, cat *catalog, node *corev1.Node, candidates []*v1alpha1.RangeRequest, at place) (h allocator.Allocation, _ place, _ *conditions.Refusal) {
	candidates, t := c.feasible(ctx, at.vpc, at.nic, candidates)
	if t != nil {
		return h, at, t
	}
	limit, err := limitOf(ctx, cat, at.nic, candidates)
	if err != nil {
		return h, at, noInstance(err)
	}
	if h, t = c.pick(ctx, node, at.nic, candidates, at.vpc.Traits, limit); t != nil {
		return h, at, t
	}
	if h.Key.ByRoutes() == isRouted(at.by) {
		return h, at, nil
	}
	// It comes to the machine in another way than the first choice's would.
	by := cat.request(h.Key.Request)
	vpc, ok := cat.vpcOf(h.Key.Request)
	if !ok {
		return h, at, requestGone(h)
	}
	nic, err := vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
	if err != nil {
		return h, at, noInstance(err)
	}
	return h, place{by, vpc, nic}, nil
}

// promise makes the claim durable.
func (c *Controller) promise(ctx context.Context, node *corev1.Node, h allocator.Allocation, at place) (allocator.Allocation, *conditions.Refusal) {
	if !at.nic.Carries(h.Prefix, c.paired(h, at.nic)) {
		// It is put there by us, and on that very machine: that is recorded
		// first, as an alias range carries no mark (I4).
		h, _ = c.allocator.PutOn(node.UID, at.nic.InstanceUID, release.BeforeUs(h, at.nic))
	}
	if t := c.delegate(ctx, node, &h, at.nic, at.vpc); t != nil {
		return h, t
	}
	if h.Durable && !h.Unsaved {
		return h, nil
	}
	if t := c.othersPublish(ctx, h); t != nil {
		if t.Reason == v1alpha1.ReasonPrefixTaken {
			c.cede(h)
			t.Text += "; another prefix is tried"
		}
		return h, t
	}
	if err := c.ledger.Claim(ctx, entryOf(h)); err != nil {
		return h, c.noClaim(err)
	}
	c.allocator.MarkDurable(node.UID)
	return h, nil
}

func entryOf(h allocator.Allocation) claims.Entry {
	return claims.Entry{
		Prefix: h.Prefix, NodeUID: h.NodeUID, Node: h.Node, Instance: h.Instance, InstanceUID: h.InstanceUID,
		Request: h.Key.Request, Subnet: h.Key.Subnet, Range: h.Range, Delegated: h.Delegated, Adopted: h.Adopted, Before: h.Before,
	}
}
