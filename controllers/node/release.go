package node

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// retire takes back what earlier Nodes of this name held.
func (c *Controller) retire(ctx context.Context, name string, current *corev1.Node) reconcile.Result {
	var next reconcile.Result
	for _, h := range c.leftBy(name, current) {
		next = sooner(next, c.takeBack(ctx, h, current))
	}
	return next
}

// leftBy is what Nodes of that name held that are not the current one.
func (c *Controller) leftBy(name string, current *corev1.Node) []allocator.Allocation {
	if current == nil {
		return c.allocator.Left(name, "")
	}
	return c.allocator.Left(name, current.UID)
}

// takeBack takes back what a Node held that is gone, or publishes something
// else.
func (c *Controller) takeBack(ctx context.Context, h allocator.Allocation, current *corev1.Node) reconcile.Result {
	x := &releasing{c: c, h: h, current: current, view: c.viewRelease(h, current)}
	x.note()
	return carryOut(ctx, func() decide.Step {
		x.view.Now, x.view.Release = c.Now(), c.releases.Of(h.NodeUID)
		return decide.Release(x.view)
	}, func(s decide.Step) (reconcile.Result, bool) { return x.do(ctx, s) })
}

// viewRelease observes how it stands with a release.
func (c *Controller) viewRelease(h allocator.Allocation, current *corev1.Node) decide.View {
	v := decide.View{Now: c.Now(), Allocation: &h, Operation: c.operations.Of(h.NodeUID), Release: c.releases.Of(h.NodeUID), Grace: c.DetachGrace, Staleness: c.Staleness}
	if current != nil {
		v.Node = &decide.Node{UID: current.UID, Instance: current.Spec.ProviderID, PodCIDRs: podCIDRsOf(current)}
	}
	return v
}

// note takes note of an operation that has ended, once.
func (x *releasing) note() {
	c, op, uid := x.c, &x.view.Operation, x.h.NodeUID
	begun := !x.view.Release.Since.IsZero()
	switch {
	case op.UnderWay:
		return
	case cloud.Is(op.Err, cloud.OutcomeUnknown) && begun:
		c.operations.MayDetach(uid)
	case cloud.Is(op.Err, cloud.OutcomeUnknown):
		c.operations.MayAttach(uid)
	case op.Ended && op.Err == nil && begun:
		c.tookOff(x.h)
	}
	c.operations.Forget(uid)
	doubt := c.operations.Of(uid)
	op.MayAttach, op.MayDetach = doubt.MayAttach, doubt.MayDetach
	c.leavePlace(uid)
	c.limiter.LeaveTurn(uid)
}

// releasing is one allocation that is taken back.
type releasing struct {
	c       *Controller
	h       allocator.Allocation
	current *corev1.Node
	view    decide.View
	vpc     cloud.VPC
	nic     cloud.Interface // as it was looked at
}

// do carries out a step. Where it is not done, it is decided anew.
func (x *releasing) do(ctx context.Context, s decide.Step) (again reconcile.Result, done bool) {
	c, h := x.c, x.h
	switch s.Do {
	case decide.Wait:
		return reconcile.Result{RequeueAfter: s.Again}, true
	case decide.Refuse:
		return c.later(ctx, h, s.Refusal), true
	case decide.Drop:
		c.drop(h.NodeUID)
		return again, true
	case decide.Inherit:
		return x.inherit(ctx)
	case decide.ReleaseToForeign:
		if err := c.isGone(ctx, h); err != nil {
			return c.later(ctx, h, refusalOf(err)), true
		}
		c.cede(h)
		c.releases.End(h.NodeUID)
		return again, true
	case decide.BeginRelease:
		return x.begin(ctx)
	case decide.Look:
		x.look(ctx)
		return again, false
	case decide.NoteMissed:
		c.releases.Missed(h.NodeUID)
		return again, false
	case decide.Detach:
		return c.detach(ctx, h, x.vpc, x.nic), true
	}
	c.letGo(ctx, h, s)
	return again, true
}

// begin reads live that the Node is gone, and makes the release durable.
func (x *releasing) begin(ctx context.Context) (again reconcile.Result, done bool) {
	c, h := x.c, x.h
	if err := c.isGone(ctx, h); err != nil {
		return c.later(ctx, h, refusalOf(err)), true
	}
	if err := c.ledger.Release(ctx, h); err != nil {
		return c.later(ctx, h, c.noClaim(err)), true
	}
	c.releases.Begin(h.NodeUID)
	x.noteSeen()
	return again, false
}

// look looks at the instance.
func (x *releasing) look(ctx context.Context) {
	c, h := x.c, x.h
	vpc, ok := c.findings.catalog().vpcOf(h.Key.Request)
	if !ok {
		x.view.Interface = &decide.Interface{Refused: refusalOf(c.unread(h))}
		return
	}
	nic, err := vpc.Interfaces.Get(ctx, h.Instance)
	gone := cloud.Is(err, cloud.NotFound)
	if err != nil && !gone {
		x.view.Interface = &decide.Interface{Refused: conditions.FromCloud(err)}
		return
	}
	x.vpc, x.nic = vpc, nic
	if gone {
		x.nic = cloud.Interface{InstanceUID: h.InstanceUID} // by which routes that are left are known
	}
	x.view.Interface = &decide.Interface{
		Gone: gone, Seen: release.PresenceOf(h, nic, c.paired(h, nic), !gone),
		Carries: !gone && nic.Holds(h.Prefix), Replaced: !release.SameMachine(h, nic),
	}
	x.noteSeen()
}

// noteSeen has the look count, where the release has begun.
func (x *releasing) noteSeen() {
	if i := x.view.Interface; i == nil || i.Refused != nil {
		return
	}
	x.view.Release, x.view.Held = x.c.releases.Of(x.h.NodeUID), 0
	if again, held := x.c.releases.Held(x.vpc.Place, x.h.NodeUID); held {
		x.view.Held = min(again, x.c.Resync)
	}
	switch {
	case x.view.RoutesLeft():
		x.c.releases.RoutesLeft(x.h.NodeUID)
	case x.view.Interface.Seen == release.Ours:
		x.c.releases.Shown(x.h.NodeUID)
	}
}

// inherit hands the prefix to the instance's new Node.
func (x *releasing) inherit(ctx context.Context) (again reconcile.Result, done bool) {
	c, h, n := x.c, x.h, x.view.Node
	heir, ok := c.allocator.Transfer(h.NodeUID, allocator.Holder{NodeUID: n.UID, Node: x.current.Name, Instance: h.Instance})
	if !ok {
		x.view.Node = nil // it holds something already
		return again, false
	}
	c.releases.End(h.NodeUID)
	if !slices.Contains(n.PodCIDRs, h.Prefix) {
		// The new promise is durable before the old one ends.
		if err := c.ledger.Claim(ctx, heir); err != nil {
			c.noClaim(err)
			return again, true
		}
		c.allocator.MarkDurable(n.UID)
	}
	c.ledger.End(h.NodeUID, h.Prefix)
	return again, true
}

// letGo ends a release.
func (c *Controller) letGo(ctx context.Context, h allocator.Allocation, s decide.Step) {
	now, until := c.Now(), time.Time{}
	switch s.Do {
	case decide.ReleaseToInstance:
		// It stays occupied while the instance carries it (I4), and rests when the
		// cloud no longer shows it. The release stays in the ledger, so that this
		// outlives a restart.
		c.allocator.ReleaseToInstance(h.NodeUID)
		c.ledger.LeaveOn(h.NodeUID)
		c.releases.End(h.NodeUID)
	case decide.QuarantineAround:
		until = c.allocator.ReleaseAround(h, now)
		c.ledger.RestAround(h, until, now)
	case decide.Quarantine:
		until = c.allocator.Release(h.NodeUID, now)
		c.ledger.Rest(h.NodeUID, h.Prefix, until, now)
	}
	if !until.IsZero() {
		c.releases.EndInRest(h)
		c.tellPublishers(ctx, h)
		c.operations.Clear(h.NodeUID)
		c.Metrics.released()
	}
	c.backoff.Forget(h.Node)
	log.FromContext(ctx).Info("the node is gone, and its prefix is released", "do", s.Do, "why", s.Why,
		"prefix", h.Prefix, "instance", h.Instance, "adopted", h.Adopted, "before", h.Before.String(), "until", until)
}

func (c *Controller) tookOff(h allocator.Allocation) {
	c.releases.Detached(h.NodeUID)
	c.Metrics.repaired(drift.AliasLeaked)
}

// later reports why a prefix cannot be taken back yet.
func (c *Controller) later(ctx context.Context, h allocator.Allocation, no *conditions.Refusal) reconcile.Result {
	delay := c.backoff.When(h.Node)
	c.Metrics.refused("ReleasePending")
	c.releases.Failed(h, no)
	log.FromContext(ctx).Info("the prefix of a deleted node cannot be released yet; it stays allocated",
		"prefix", h.Prefix, "instance", h.Instance, "why", no.Text, "again", delay)
	return reconcile.Result{RequeueAfter: delay}
}

// refusalOf is why a prefix cannot be taken back, by an error of whatever was
// asked.
func refusalOf(err error) *conditions.Refusal {
	if apierrors.IsForbidden(err) {
		return conditions.FromAPI("releasing the prefix of a deleted node", err)
	}
	return conditions.FromCloud(err)
}

// unread reports why the Network that the holding's range is of cannot be used.
func (c *Controller) unread(h allocator.Allocation) error {
	cat := c.findings.catalog()
	if r := cat.request(h.Key.Request); r != nil {
		if err := cat.failures[r.NetworkName()]; err != nil {
			return err
		}
	}
	return errors.New("its Network cannot be read")
}
