package node

import (
	"context"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// keep carries out a step of a Node that publishes podCIDRs.
func (x *stepper) keep(ctx context.Context, s decide.Step) (again reconcile.Result, last bool) {
	c, node := x.c, x.node
	switch s.Do {
	case decide.GiveWay:
		c.occupy(node)
		c.suspected(ctx, node)
		return sooner(c.takeBack(ctx, *x.view.Allocation, node), c.foreign(ctx, node)), true
	case decide.LeaveForeign:
		return c.foreign(ctx, node), true
	case decide.Adopt:
		if p, err := x.adopt(); err != nil {
			return c.duplicate(ctx, node, p, err), true
		}
	case decide.Record:
		x.record(ctx)
	case decide.EndObserving:
		c.allocator.Observe(node.UID, false)
		c.settle(node.UID)
	case decide.PutBack:
		return x.putBack(ctx)
	case decide.ReportReady:
		return c.report(ctx, node), true
	}
	x.hold()
	return again, false
}

// adopt makes the Node the holder of what it publishes, first of the prefix in
// our ranges and then of its IPv6 one. It returns the one that cannot be its.
func (x *stepper) adopt() (netip.Prefix, error) {
	c, n, h := x.c, x.view.Node, x.view.Allocation
	if !x.view.Adopts() {
		return n.IPv6, c.allocator.Delegate(n.UID, n.IPv6)
	}
	_, err := c.allocator.Adopt(allocator.Holder{NodeUID: n.UID, Node: x.node.Name, Instance: n.Instance}, n.Published)
	if err == nil && h == nil {
		x.view.Fresh = true
		c.allocator.Observe(n.UID, true) // until an interface shows it
	}
	return n.Published, err
}

// record notes that the Node publishes what it holds.
func (x *stepper) record(ctx context.Context) {
	c, node, h := x.c, x.node, x.view.Allocation
	if !x.view.Fresh && !c.rivals.Suspects(node) || c.suspected(ctx, node) {
		c.rivals.Forget(node.Name) // from now on the allocator knows it
	}
	c.allocator.MarkPublished(node.UID)
	c.releases.End(node.UID) // it is there, whatever the cache said before
	c.clearForeign(ctx, node)
	x.view.Recorded = true
	if h.Observed {
		c.leavePlace(node.UID)
		x.turn()
	} else {
		c.settle(node.UID)
	}
}

// turn observes whether an observed Node is to be attached, and asks for its
// turn.
func (x *stepper) turn() {
	c, node, h := x.c, x.node, x.view.Allocation
	if !h.Observed {
		return
	}
	r := c.findings.catalog().request(h.Key.Request)
	if x.view.Attaches = r != nil && r.Spec.Adoption == v1alpha1.AdoptionAttach; !x.view.Attaches {
		c.limiter.LeaveTurn(node.UID)
	} else if !x.view.Unreadable && node.Spec.ProviderID != "" {
		x.view.Turn = c.limiter.EnterTurn(r.Name, node.UID, node.Name)
	}
}

// putBack puts the prefix that the Node publishes on its instance again.
func (x *stepper) putBack(ctx context.Context) (again reconcile.Result, last bool) {
	c, node, h, nic := x.c, x.node, *x.view.Allocation, x.at.nic
	if !c.limiter.Enter(node.UID, node.Name) {
		return again, true // it is called later
	}
	if own, news := c.allocator.PutOn(node.UID, nic.InstanceUID, release.BeforeUs(h, nic)); news {
		// It is ours from now on, on that machine, and that is durable first;
		// the claim ends with the record.
		if err := c.ledger.Claim(ctx, own); err != nil {
			return c.wait(ctx, node, c.noClaim(err)), true
		}
		c.settle(node.UID)
		c.allocator.MarkDurable(node.UID)
	}
	log.FromContext(ctx).Info("attaching the node's published CIDR to its instance again", "prefix", h.Prefix, "instance", node.Spec.ProviderID)
	c.Events.Eventf(node, nil, corev1.EventTypeWarning, v1alpha1.ReasonAttaching, "RepairPodRange",
		"%s is published in podCIDRs and not on the interface of %s; it is attached again", h.Prefix, node.Spec.ProviderID)
	op, err := x.at.vpc.Interfaces.Attach(ctx, nic, cloud.Attachment{Prefix: h.Prefix, Range: h.Range, IPv6: c.published6(node, h, nic)})
	if err != nil {
		x.failed(err)
		return again, false
	}
	if op.Done() {
		c.Metrics.repaired(drift.AliasMissing)
		c.leavePlace(node.UID)
		return reconcile.Result{RequeueAfter: time.Millisecond}, true // the interface is looked at once more
	}
	c.watch(ctx, x.at.vpc.Interfaces, node.UID, node.Name, op)
	return again, true
}

// mended notes that the Node's instance carries what it publishes.
func (c *Controller) mended(uid types.UID) {
	c.leavePlace(uid)
	c.limiter.LeaveTurn(uid)
	c.findings.mended(uid)
}
