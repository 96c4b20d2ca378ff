package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/assign"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/book"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/ipam/pool"
)

// provide brings a Node without podCIDRs to one: pick, claim, attach,
// confirm, publish (I2). Each return leaves the Node in a state from which
// the next call goes on.
func (c *Controller) provide(ctx context.Context, node *corev1.Node) reconcile.Result {
	candidates := assign.Candidates(c.catalog.Load().requests, assign.LabelsOf(node))
	if len(candidates) == 0 {
		c.leaveGate(node.UID)
		c.book.Drop(node.UID)
		return reconcile.Result{} // not ours to provide for
	}
	c.rivals.sawIdle(node)
	if node.Spec.ProviderID == "" {
		return c.wait(ctx, node, &trouble{
			Reason: v1alpha1.ReasonWaitingForProviderID,
			Text:   "the Node has no spec.providerID yet; the cloud controller manager's node controller sets it: check that it runs",
			Quiet:  true,
		})
	}
	flying, landed, err := c.flights.of(node.UID)
	switch {
	case flying && !landed:
		return reconcile.Result{} // it comes back when the operation ends
	case landed && err != nil:
		h, _ := c.book.Held(node.UID)
		return c.attachFailed(ctx, node, h, err)
	case landed:
		c.flights.clearDoubt(node.UID)
		return c.publish(ctx, node)
	}
	holding, nic, vpc, trouble := c.claim(ctx, node, candidates)
	if trouble != nil {
		return c.wait(ctx, node, trouble)
	}
	if holding == nil {
		return reconcile.Result{} // outside the gate: it is called later
	}
	return c.attach(ctx, node, *holding, nic, vpc)
}

// claim gives what the Node holds, or finds it a prefix and makes the claim
// durable. Without a holding and trouble the Node has to come again.
func (c *Controller) claim(ctx context.Context, node *corev1.Node, candidates []*v1alpha1.RangeRequest) (*book.Holding, cloud.Interface, cloud.VPC, *trouble) {
	candidates, stopped := c.unrivalled(node, candidates)
	if stopped != nil {
		return nil, cloud.Interface{}, cloud.VPC{}, stopped
	}
	cat, by := c.catalog.Load(), candidates[0]
	holding, held := c.book.Held(node.UID)
	if r := cat.request(holding.Key.Request); held && r != nil {
		by = r
	}
	vpc, ok := cat.vpcOf(by.Name)
	if !ok {
		return nil, cloud.Interface{}, vpc, noNetwork(cat, by)
	}
	if !c.preparing.enter(node.UID, node.Name) {
		return nil, cloud.Interface{}, vpc, nil
	}
	nic, err := c.nic(ctx, vpc, by, node, held && holding.Durable)
	if err != nil {
		return nil, nic, vpc, instanceTrouble(err)
	}
	if held && !byRoutes(holding.Key) && nic.Subnet != holding.Key.Subnet && !nic.Holds(holding.Prefix) {
		// Another machine has taken the name, and no range of the old one's
		// subnet can ever be put on it.
		c.cede(holding)
		c.flights.clearDoubt(node.UID)
		held = false
	}
	if !held {
		var t *trouble
		if candidates, t = c.feasible(ctx, vpc, nic, candidates); t != nil {
			return nil, nic, vpc, t
		}
		limit, err := limitOf(ctx, cat, nic, candidates)
		if err != nil {
			return nil, nic, vpc, instanceTrouble(err)
		}
		if holding, t = c.pick(node, nic, candidates, boundsOf(vpc.Traits, limit), limit); t != nil {
			return nil, nic, vpc, t
		}
		if byRoutes(holding.Key) != isRouted(by) { // it comes to the machine in another way than the first choice's would
			if vpc, ok = cat.vpcOf(holding.Key.Request); !ok {
				return nil, nic, vpc, requestGone(holding)
			}
			if nic, err = vpc.Interfaces.Get(ctx, node.Spec.ProviderID); err != nil {
				return nil, nic, vpc, instanceTrouble(err)
			}
		}
	}
	if !nic.Holds(holding.Prefix) {
		// It is put there by us, and on that very machine: that is recorded
		// first, as an alias range carries no mark (I4).
		holding, _ = c.book.PutOn(node.UID, nic.InstanceUID)
	}
	if t := c.delegate(ctx, node, &holding, nic, vpc); t != nil {
		return nil, nic, vpc, t
	}
	if !holding.Durable || holding.Unsaved {
		if err := c.ledger.Claim(ctx, entryOf(holding)); err != nil {
			return nil, nic, vpc, c.ledgerTrouble(err)
		}
		c.book.MarkDurable(node.UID)
	}
	return &holding, nic, vpc, nil
}

// pick chooses a prefix: the one the instance was created with, or one out
// of the first candidate with room.
func (c *Controller) pick(node *corev1.Node, nic cloud.Interface, candidates []*v1alpha1.RangeRequest, bounds assign.Bounds, limit cloud.Limit) (book.Holding, *trouble) {
	holder := book.Holder{NodeUID: node.UID, Node: node.Name, Instance: node.Spec.ProviderID}
	var wants []book.Want
	var size assign.Size
	var small *trouble // the first candidate's, whose range would be too small
	maxPods := node.Status.Capacity.Pods().Value()
	granted := false
	for _, r := range candidates {
		key := keyOf(r, nic)
		granted = granted || len(r.Status.Ranges) > 0
		if nic.Subnet == "" || !c.book.Has(key) {
			continue
		}
		within := bounds
		if byRoutes(key) { // nothing of the interface bounds it
			within = assign.Bounds{PerPod: bounds.PerPod}
		}
		got, ok := assign.NodeSize(r, maxPods, within)
		if !ok {
			return book.Holding{}, &trouble{Reason: v1alpha1.ReasonPending, Quiet: true,
				Text: "the Node's status.capacity has no pods yet, by which its range is sized; the kubelet sets it"}
		}
		if got.Undersized && !r.Spec.AllowUndersized {
			small = cmp.Or(small, undersized(r, got, maxPods, limit))
			continue
		}
		size = got
		wants = append(wants, book.Want{Key: key, Bits: got.Bits})
	}
	if len(wants) == 0 && small != nil {
		return book.Holding{}, small
	}
	if len(wants) == 0 {
		return book.Holding{}, noPool(nic, candidates, granted)
	}
	if h, ok := c.adoptOwn(holder, nic, candidates); ok {
		return h, nil
	}
	if limit.Bits == cloud.TakesNone {
		wants = slices.DeleteFunc(wants, func(w book.Want) bool { return !byRoutes(w.Key) })
	}
	if len(wants) == 0 {
		return book.Holding{}, takesNone(limit)
	}
	h, err := c.book.Take(holder, node.CreationTimestamp.Time, wants, time.Now())
	if err != nil {
		return h, exhausted(err, candidates, nic.Subnet, size)
	}
	return h, nil
}

// adoptOwn takes what the instance was created with, where that lies in a
// range of one of the candidates.
func (c *Controller) adoptOwn(n book.Holder, nic cloud.Interface, candidates []*v1alpha1.RangeRequest) (book.Holding, bool) {
	for _, a := range nic.Attachments {
		key, _, ok := c.book.Find(a.Prefix)
		if !ok || !isCandidate(key.Request, candidates) || a.Prefix.IsSingleIP() {
			continue
		}
		if h, err := c.book.Adopt(n, a.Prefix); err == nil {
			return h, true
		}
	}
	return book.Holding{}, false
}

func isCandidate(name string, candidates []*v1alpha1.RangeRequest) bool {
	for _, r := range candidates {
		if r.Name == name {
			return true
		}
	}
	return false
}

func entryOf(h book.Holding) claims.Entry {
	return claims.Entry{
		Prefix: h.Prefix, NodeUID: h.NodeUID, Node: h.Node, Instance: h.Instance, InstanceUID: h.InstanceUID,
		Request: h.Key.Request, Subnet: h.Key.Subnet, Range: h.Range, Delegated: h.Delegated, Adopted: h.Adopted,
	}
}

// attach puts the claimed prefix on the interface, unless it is there.
func (c *Controller) attach(ctx context.Context, node *corev1.Node, h book.Holding, nic cloud.Interface, vpc cloud.VPC) reconcile.Result {
	six := c.paired(h, nic)
	if nic.Carries(h.Prefix, six) {
		return c.publish(ctx, node)
	}
	if !c.gate.enter(node.UID, node.Name) {
		c.nics.keep(node.UID, nic)
		return reconcile.Result{}
	}
	op, err := vpc.Interfaces.Attach(ctx, nic, cloud.Attachment{Prefix: h.Prefix, Range: h.Range, IPv6: six})
	if err != nil {
		return c.attachFailed(ctx, node, h, err)
	}
	if op.Done() {
		return c.publish(ctx, node)
	}
	c.watch(ctx, vpc.Interfaces, node.UID, node.Name, op)
	return reconcile.Result{}
}

// attachFailed decides by what the cloud said. A claim is given up only where
// the cloud says for certain that the prefix is another's.
func (c *Controller) attachFailed(ctx context.Context, node *corev1.Node, h book.Holding, err error) reconcile.Result {
	switch cloud.ReasonOf(err) {
	case cloud.Conflict:
		c.cede(h)
		t := cloudTrouble(err)
		t.Reason = v1alpha1.ReasonPrefixTaken
		t.Text += "; another prefix is tried"
		return c.wait(ctx, node, t)
	case cloud.OutcomeUnknown:
		c.flights.setDoubt(node.UID, time.Now().Add(c.Doubt))
	case cloud.NotFound:
		t := c.missing(ctx, node, h, err)
		if t.Reason == v1alpha1.ReasonRangeMissing && c.hasBetter(node, h) {
			c.cede(h)
			t.Text += "; a range of another request, which selects the node by now, is tried"
		}
		return c.wait(ctx, node, t)
	}
	return c.wait(ctx, node, cloudTrouble(err))
}

// cede gives up what a Node was promised and can never have. The promise ends
// with it: the Node may make no other, and a later leader would hold this one
// against the Node that gets the prefix next.
func (c *Controller) cede(h book.Holding) {
	c.book.Cede(h.NodeUID)
	c.ledger.End(h.NodeUID, h.Prefix)
}

// hasBetter tells whether the Node is to draw from other requests now than the
// one that it was promised a prefix of.
func (c *Controller) hasBetter(node *corev1.Node, h book.Holding) bool {
	candidates := assign.Candidates(c.catalog.Load().requests, assign.LabelsOf(node))
	return len(candidates) > 0 && !isCandidate(h.Key.Request, candidates)
}

// missing tells what an attachment did not find, the instance or the range: a
// second look at the instance says. Where it cannot be had, the cloud's word
// stands as it is.
func (c *Controller) missing(ctx context.Context, node *corev1.Node, h book.Holding, err error) *trouble {
	t := cloudTrouble(err)
	vpc, ok := c.catalog.Load().vpcOf(h.Key.Request)
	if !ok {
		return t
	}
	nic, look := vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
	switch {
	case cloud.Is(look, cloud.NotFound):
		return instanceTrouble(look)
	case look == nil && !sameMachine(h, nic):
		return instanceTrouble(err)
	case look == nil:
		t.Reason = v1alpha1.ReasonRangeMissing
	}
	return t
}

func noNetwork(cat *catalog, r *v1alpha1.RangeRequest) *trouble {
	text := fmt.Sprintf("RangeRequest %s names Network %s, which is not there; create it", r.Name, r.NetworkName())
	reason := v1alpha1.ReasonNetworkNotFound
	if err := cat.failures[r.NetworkName()]; err != nil {
		reason, text = v1alpha1.ReasonNetworkNotReady, fmt.Sprintf("Network %s cannot be used: %v", r.NetworkName(), err)
	}
	return &trouble{Reason: reason, Text: text}
}

func noPool(nic cloud.Interface, candidates []*v1alpha1.RangeRequest, granted bool) *trouble {
	var names []string
	for _, r := range candidates {
		names = append(names, r.Name)
	}
	requests := strings.Join(names, ", ")
	if !granted {
		return &trouble{Reason: v1alpha1.ReasonPending, Quiet: true, Text: fmt.Sprintf(
			"RangeRequest %s has no range yet; see its conditions", requests)}
	}
	return &trouble{Reason: v1alpha1.ReasonWrongSubnet, Text: fmt.Sprintf(
		"the interface of the node's instance is in subnet %s, where RangeRequest %s has no range; add the subnet to the Network and the request, or move the instance",
		nic.SubnetName, requests)}
}

func exhausted(err error, candidates []*v1alpha1.RangeRequest, subnet string, size assign.Size) *trouble {
	last := candidates[len(candidates)-1]
	where := "in subnet " + subnet
	if isRouted(last) {
		where = "for routes"
	}
	if errors.Is(err, pool.ErrNotRestored) {
		return &trouble{Reason: v1alpha1.ReasonNotRestored, Quiet: true, Text: "the ranges are being read; the node gets its range once all that is in use is known"}
	}
	return &trouble{Reason: v1alpha1.ReasonRangeExhausted, Text: fmt.Sprintf(
		"RangeRequest %s has no room %s (%s): %v; the node gets the next range that is free, before nodes that came later",
		last.Name, where, size.Why, err)}
}
