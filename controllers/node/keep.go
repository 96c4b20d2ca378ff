package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/assign"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/book"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
)

// ConditionForeign is True on a Node whose podCIDRs somebody else chose.
const ConditionForeign corev1.NodeConditionType = "vpcnative.dev/ForeignPodCIDR"

// repairs are the Nodes whose prefix the last bulk reading did not find on
// their instance.
type repairs struct {
	mu  sync.Mutex
	uid map[types.UID]bool
}

func (r *repairs) replace(m map[types.UID]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uid = m
}

func (r *repairs) has(uid types.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.uid[uid]
}

func (r *repairs) done(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.uid, uid)
}

// keep looks after a Node that publishes podCIDRs: its prefix is known as
// taken, is on the instance, and the Node says so. What it publishes is never
// changed.
func (c *Controller) keep(ctx context.Context, node *corev1.Node) reconcile.Result {
	published, key, ours := c.publishedPrefix(node)
	c.book.Leave(node.UID)
	holding, held := c.book.Held(node.UID)
	if held && holding.Prefix != published {
		// Somebody else published while ours was on its way.
		c.suspected(ctx, node)
		return sooner(c.takeBack(ctx, holding, node), c.foreign(ctx, node, published))
	}
	if !ours {
		return c.foreign(ctx, node, published)
	}
	if !held || holding.Instance == "" {
		var err error
		holding, err = c.book.Adopt(book.Holder{NodeUID: node.UID, Node: node.Name, Instance: node.Spec.ProviderID}, published)
		if err != nil {
			return c.duplicate(ctx, node, published, err)
		}
	}
	if p, ok := publishedIPv6(node); ok {
		if err := c.book.Delegate(node.UID, p); err != nil {
			return c.duplicate(ctx, node, p, err)
		}
	}
	if held && !c.rivals.suspects(node) || c.suspected(ctx, node) {
		c.rivals.forget(node.Name) // from now on the book knows it
	}
	c.book.MarkPublished(node.UID)
	c.settle(node.UID)
	c.acquit(ctx, node)
	flying, landed, err := c.flights.of(node.UID)
	switch {
	case flying && !landed:
		return reconcile.Result{}
	case landed && err != nil:
		return c.repairFailed(ctx, node, holding, err)
	case landed:
		if c.repairs.has(node.UID) {
			c.Metrics.repaired(drift.AliasMissing)
		}
		c.leaveGate(node.UID)
		return c.confirm(ctx, node, key, holding)
	}
	repair := c.repairs.has(node.UID)
	if cond := networkCondition(node); cond != nil && cond.Status == corev1.ConditionFalse {
		c.reports.shown(node.Name)
		c.told.forget(node.Name)
		if !repair {
			c.leaveGate(node.UID) // it may have waited for a repair that somebody else made
			return reconcile.Result{}
		}
	}
	if c.reports.queued(node.Name, node.UID) && c.heldUp(node) {
		c.reports.shown(node.Name) // it has come to be held up since: its report cannot wait for its turn
	}
	if c.reports.pending(node.Name, node.UID, time.Now()) && !repair {
		return reconcile.Result{} // it comes back with its report, or when that is overdue
	}
	return c.confirm(ctx, node, key, holding)
}

// confirm looks at the instance, puts the published prefix back if it is
// not there, and reports.
func (c *Controller) confirm(ctx context.Context, node *corev1.Node, key book.Key, h book.Holding) reconcile.Result {
	vpc, ok := c.catalog.Load().vpcOf(key.Request)
	if !ok || node.Spec.ProviderID == "" {
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	nic, err := vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
	if err != nil {
		return c.wait(ctx, node, instanceTrouble(err))
	}
	six := c.published6(node, h, nic)
	if nic.Carries(h.Prefix, six) {
		c.leaveGate(node.UID)
		c.repairs.done(node.UID)
		if t := c.ipv6Changed(node, key, h, nic); t != nil {
			return c.wait(ctx, node, t)
		}
		return c.report(ctx, node)
	}
	if !c.preparing.enter(node.UID, node.Name) || !c.gate.enter(node.UID, node.Name) {
		return reconcile.Result{}
	}
	if own, news := c.book.PutOn(node.UID, nic.InstanceUID); news {
		// It is ours from now on, on that machine, and that is durable first;
		// the claim ends with the record.
		if err := c.ledger.Claim(ctx, entryOf(own)); err != nil {
			return c.wait(ctx, node, c.ledgerTrouble(err))
		}
		c.settle(node.UID)
		c.book.MarkDurable(node.UID)
	}
	log.FromContext(ctx).Info("putting the node's published pod range back on its instance", "prefix", h.Prefix, "instance", node.Spec.ProviderID)
	c.Events.Eventf(node, nil, corev1.EventTypeWarning, v1alpha1.ReasonAttaching, "RepairPodRange",
		"%s is published in podCIDRs and not on the interface of %s; it is put back", h.Prefix, node.Spec.ProviderID)
	op, err := vpc.Interfaces.Attach(ctx, nic, cloud.Attachment{Prefix: h.Prefix, Range: h.Range, IPv6: six})
	if err != nil {
		return c.repairFailed(ctx, node, h, err)
	}
	if op.Done() {
		c.Metrics.repaired(drift.AliasMissing)
		c.leaveGate(node.UID)
		return reconcile.Result{RequeueAfter: time.Millisecond} // the interface is looked at once more
	}
	c.watch(ctx, vpc.Interfaces, node.UID, node.Name, op)
	return reconcile.Result{}
}

func (c *Controller) repairFailed(ctx context.Context, node *corev1.Node, h book.Holding, err error) reconcile.Result {
	if cloud.Is(err, cloud.NotFound) {
		return c.wait(ctx, node, c.missing(ctx, node, h, err))
	}
	return c.wait(ctx, node, cloudTrouble(err))
}

// publishedPrefix gives the first of the Node's podCIDRs that lies in one of
// the ranges.
func (c *Controller) publishedPrefix(node *corev1.Node) (p netip.Prefix, key book.Key, ours bool) {
	for _, text := range node.Spec.PodCIDRs {
		if got, err := netip.ParsePrefix(text); err == nil {
			if key, _, ok := c.book.Find(got); ok {
				return got, key, true
			}
		}
	}
	return netip.Prefix{}, book.Key{}, false
}

// foreign reports a Node whose podCIDRs lie outside every range, where one
// of our requests selects it: another allocator is at work.
func (c *Controller) foreign(ctx context.Context, node *corev1.Node, _ netip.Prefix) reconcile.Result {
	c.leaveGate(node.UID)
	if c.granted(node) {
		// Its range is ours and cannot be read yet; a reading that succeeds
		// brings the Node back.
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	if len(assign.Candidates(c.catalog.Load().requests, assign.LabelsOf(node))) == 0 {
		return reconcile.Result{}
	}
	c.suspected(ctx, node)
	return c.accuse(ctx, node, fmt.Sprintf(
		"podCIDRs %v lie outside every granted range, so another allocator set them; run kube-controller-manager with --allocate-node-cidrs=false, then delete the Node and let it register again",
		node.Spec.PodCIDRs))
}

// granted tells whether one of the Node's podCIDRs lies in a range of ours,
// also one whose pool is not open.
func (c *Controller) granted(node *corev1.Node) bool {
	for _, d := range definitionsOf(c.catalog.Load().requests) {
		for _, r := range d.Ranges {
			for _, text := range node.Spec.PodCIDRs {
				if p, err := netip.ParsePrefix(text); err == nil && r.Prefix.Bits() <= p.Bits() && r.Prefix.Contains(p.Addr()) {
					return true
				}
			}
		}
	}
	return false
}

func (c *Controller) duplicate(ctx context.Context, node *corev1.Node, p netip.Prefix, err error) reconcile.Result {
	c.leaveGate(node.UID)
	if taken, ok := errors.AsType[*book.TakenError](err); !ok || taken.Holder.Node != node.Name {
		c.suspected(ctx, node) // else an earlier Node of its name has not let go yet
	}
	return c.accuse(ctx, node, fmt.Sprintf(
		"podCIDR %s was set by another allocator: %v; delete the Node that is in the wrong and let it register again", p, err))
}

// acquit takes back what accuse said of a Node that turned out well.
func (c *Controller) acquit(ctx context.Context, node *corev1.Node) {
	for _, cond := range node.Status.Conditions {
		if cond.Type == ConditionForeign && cond.Status == corev1.ConditionTrue {
			now := metav1.Now()
			err := c.Writer.SetCondition(ctx, node.Name, node.UID, corev1.NodeCondition{
				Type: ConditionForeign, Status: corev1.ConditionFalse, Reason: v1alpha1.ReasonPublished,
				Message: "podCIDRs lie in a granted range", LastTransitionTime: now, LastHeartbeatTime: now,
			})
			if err != nil {
				log.FromContext(ctx).Info("the node's condition could not be written", "error", err.Error())
			}
		}
	}
}

func (c *Controller) accuse(ctx context.Context, node *corev1.Node, text string) reconcile.Result {
	said := slices.ContainsFunc(node.Status.Conditions, func(cond corev1.NodeCondition) bool {
		return cond.Type == ConditionForeign && cond.Status == corev1.ConditionTrue && cond.Message == text
	})
	if first := c.told.first(node, ConditionForeign, v1alpha1.ReasonForeignPodCIDR); first || !said {
		c.Metrics.refused(v1alpha1.ReasonForeignPodCIDR)
		c.Events.Eventf(node, nil, corev1.EventTypeWarning, v1alpha1.ReasonForeignPodCIDR, "ProvidePodRange", "%s", text)
	}
	if said {
		return reconcile.Result{}
	}
	now := metav1.Now()
	err := c.Writer.SetCondition(ctx, node.Name, node.UID, corev1.NodeCondition{
		Type: ConditionForeign, Status: corev1.ConditionTrue, Reason: v1alpha1.ReasonForeignPodCIDR,
		Message: text, LastTransitionTime: now, LastHeartbeatTime: now,
	})
	if err != nil {
		return reconcile.Result{RequeueAfter: time.Second}
	}
	return reconcile.Result{}
}
