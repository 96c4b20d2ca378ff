package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
	"github.com/vpcnative/vpcnative/controllers/node/inflight"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// mostSteps bounds the steps that are taken at once; each of them learns
// something, so that there are few.
const mostSteps = 20

// carryOut decides and does, step by step, until one is the last for now.
func carryOut(ctx context.Context, next func() decide.Step, do func(decide.Step) (reconcile.Result, bool)) reconcile.Result {
	var s decide.Step
	for range mostSteps {
		s = next()
		log.FromContext(ctx).V(1).Info("next step", "do", s.Do, "why", s.Why)
		if again, last := do(s); last {
			return again
		}
	}
	log.FromContext(ctx).Error(nil, "the steps come to no end; this is a defect of vpcnative", "do", s.Do, "why", s.Why)
	return reconcile.Result{RequeueAfter: tick}
}

// stepper brings one Node a step on: each step leaves it in a state from which
// the next goes on.
type stepper struct {
	c          *Controller
	node       *corev1.Node
	view       decide.View
	candidates []*v1alpha1.RangeRequest // that a Node without podCIDRs may draw from
	stopped    []*v1alpha1.RangeRequest // and that it might, but for another allocator
	at         place                    // as it was looked at
}

// place is the interface that a Node's prefix is to come to, and its VPC, in
// the way that prefixes of a request come.
type place struct {
	by  *v1alpha1.RangeRequest
	vpc cloud.VPC
	nic cloud.Interface
}

// bring brings a Node to publish podCIDRs, or looks after what it publishes.
func (c *Controller) bring(ctx context.Context, node *corev1.Node) reconcile.Result {
	x := c.observe(ctx, node)
	x.note()
	return carryOut(ctx, func() decide.Step { return decide.Decide(x.view) },
		func(s decide.Step) (reconcile.Result, bool) { return x.do(ctx, s) })
}

// observe observes a Node, and changes nothing.
func (c *Controller) observe(ctx context.Context, node *corev1.Node) *stepper {
	x := &stepper{c: c, node: node}
	x.view = decide.View{Now: c.Now(), Node: &decide.Node{UID: node.UID, Instance: node.Spec.ProviderID, PodCIDRs: podCIDRsOf(node)}}
	x.hold()
	if len(node.Spec.PodCIDRs) > 0 {
		x.viewPublished()
	} else {
		x.viewIdle(ctx)
	}
	return x
}

// viewPublished observes a Node that publishes podCIDRs.
func (x *stepper) viewPublished() {
	c, n := x.c, x.view.Node
	n.Published, _, _ = c.publishedPrefix(x.node)
	n.IPv6, _ = publishedIPv6(x.node)
	cond := nodestatus.NetworkCondition(x.node)
	n.Ready = cond != nil && cond.Status == corev1.ConditionFalse
	n.Reported = c.status.AwaitsReady(x.node.Name, n.UID)
	x.view.Missed = c.findings.misses(n.UID)
	if h := x.view.Allocation; h == nil || h.Prefix == n.Published {
		x.view.Operation = c.operations.Of(n.UID)
	}
}

// viewIdle observes a Node without podCIDRs.
func (x *stepper) viewIdle(ctx context.Context) {
	c, cat, h := x.c, x.c.findings.catalog(), x.view.Allocation
	x.candidates = assign.Candidates(cat.requests, assign.LabelsOf(x.node))
	if x.view.Outdated = c.outdated(ctx, x.node, x.candidates); x.view.Outdated {
		return
	}
	if x.view.Unselected = len(x.candidates) == 0; x.view.Unselected {
		return
	}
	if x.view.Node.Instance == "" {
		return
	}
	if h == nil || !h.Durable { // what was begun is brought to its end
		x.candidates, x.stopped = c.unrivalled(x.candidates)
	}
	x.hold()
	x.view.Operation = c.operations.Of(x.node.UID)
	switch {
	case x.view.Operation.UnderWay, x.view.Operation.Ended:
	case len(x.candidates) == 0:
		x.view.Refused = c.rivalRefusal(x.stopped)
	case h == nil || x.view.Drops():
		x.view.Refused = c.waits(cat, x.node, x.candidates)
	}
}

// note takes note of what was observed.
func (x *stepper) note() {
	c, n, op := x.c, x.view.Node, x.view.Operation
	switch {
	case len(n.PodCIDRs) > 0:
		c.allocator.Leave(n.UID)
		if n.Ready {
			c.status.ReadyShown(x.node.Name)
		}
		if op.Ended && op.Err == nil {
			if x.view.Missed {
				c.Metrics.repaired(drift.AliasMissing)
			}
			c.leavePlace(n.UID)
		}
	case !x.view.Outdated && !x.view.Unselected:
		c.rivals.SawIdle(x.node)
		// Where it is served out of another request, it is forgotten again.
		c.rivals.Waits(namesOf(x.stopped), x.node)
	}
	if op.Ended {
		c.operations.Forget(n.UID)
	}
	if cloud.Is(op.Err, cloud.OutcomeUnknown) {
		c.operations.MayAttach(n.UID)
	}
}

// hold takes over what the Node holds by now, and, of a Node without podCIDRs,
// whether it is still to draw from that request.
func (x *stepper) hold() {
	x.view.Allocation, x.view.Better, x.view.Stopped = nil, false, false
	if h, held := x.c.allocator.Held(x.node.UID); held {
		x.view.Allocation = &h
		_, open := x.c.findings.catalog().vpcOf(h.Key.Request)
		x.view.Unreadable = !open
		x.view.Better = !isCandidate(h.Request, x.candidates)
		x.view.Stopped = isCandidate(h.Request, x.stopped) || len(x.candidates) == 0
	}
	x.see()
}

// see takes over what the interface that was looked at means for what the Node
// holds.
func (x *stepper) see() {
	h, i := x.view.Allocation, x.view.Interface
	if i == nil || i.Refused != nil {
		return
	}
	*i = decide.Interface{}
	if h == nil {
		return
	}
	six := x.c.paired(*h, x.at.nic)
	if len(x.node.Spec.PodCIDRs) > 0 {
		six = x.c.published6(x.node, *h, x.at.nic)
		i.IPv6Changed = x.c.ipv6Changed(x.node, h.Key, *h, x.at.nic)
	}
	i.Carries = x.at.nic.Carries(h.Prefix, six)
	i.Replaced, i.Moved = !release.SameMachine(*h, x.at.nic), release.HasMoved(*h, x.at.nic)
}

// do carries out a step.
func (x *stepper) do(ctx context.Context, s decide.Step) (again reconcile.Result, last bool) {
	c, uid := x.c, x.node.UID
	switch s.Do {
	case decide.Done:
		c.leavePlace(uid)
		return again, true
	case decide.Wait:
		return reconcile.Result{RequeueAfter: s.Again}, true
	case decide.Refuse:
		return c.wait(ctx, x.node, s.Refusal), true
	case decide.Retry:
		return reconcile.Result{RequeueAfter: c.backoff.When(x.node.Name)}, true
	case decide.Look:
		return again, !x.look(ctx)
	}
	if len(x.node.Spec.PodCIDRs) > 0 {
		return x.keep(ctx, s)
	}
	return x.provide(ctx, s)
}

// look looks at the Node's instance; false where too many Nodes are with the
// cloud already: then it is called later.
func (x *stepper) look(ctx context.Context) bool {
	c, node, h := x.c, x.node, x.view.Allocation
	x.view.Interface = &decide.Interface{}
	by, vpc, no := x.way()
	if no != nil {
		x.view.Interface.Refused = no
		return true
	}
	nic, listed := cloud.Interface{}, false
	if len(node.Spec.PodCIDRs) == 0 && x.view.Operation.Err == nil {
		if !c.limiter.Enter(node.UID, node.Name) {
			return false
		}
		nic, listed = c.operations.TakeInterface(node.Spec.ProviderID)
	}
	if !listed || isRouted(by) || h != nil && h.Durable { // the listing of all interfaces is not of routes
		var err error
		if nic, err = vpc.Interfaces.Get(ctx, node.Spec.ProviderID); err != nil {
			x.view.Interface.Refused, x.view.Interface.Gone = decide.NoInstance(err), cloud.Is(err, cloud.NotFound)
			return true
		}
	}
	x.at = place{by, vpc, nic}
	x.see()
	if len(node.Spec.PodCIDRs) > 0 && x.view.Interface.Carries {
		c.mended(node.UID)
	}
	return true
}

// way is the request by which the Node's prefix comes to its machine, and its
// VPC: that of what the Node holds, or else the first that it may draw from.
func (x *stepper) way() (by *v1alpha1.RangeRequest, vpc cloud.VPC, no *conditions.Refusal) {
	cat := x.c.findings.catalog()
	if h := x.view.Allocation; h != nil {
		by = cat.request(h.Key.Request)
	}
	switch {
	case by == nil && len(x.candidates) > 0:
		by = x.candidates[0]
	case by == nil:
		return nil, vpc, requestGone(*x.view.Allocation)
	}
	vpc, ok := cat.vpcOf(by.Name)
	if !ok {
		return nil, vpc, noNetwork(cat, by)
	}
	return by, vpc, nil
}

// failed has it decided anew by what the cloud said to an attachment.
func (x *stepper) failed(err error) {
	if cloud.Is(err, cloud.OutcomeUnknown) {
		x.c.operations.MayAttach(x.node.UID)
	}
	x.view.Operation, x.view.Interface = inflight.State{Ended: true, Err: err}, nil
	x.hold()
}
