package node

import (
	"context"
	"errors"
	"hash/fnv"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
)

// indexInstance is the cache's index of Nodes by their instance, coarse: a set
// of its own for each Node would take a third of a kilobyte.
const (
	indexInstance = "instance"
	instanceParts = 512
)

// instanceIndex is what indexInstance has for a provider ID.
func instanceIndex(providerID string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(providerID))
	return strconv.Itoa(int(h.Sum32() % instanceParts))
}

// retire takes back what earlier Nodes of this name held.
func (c *Controller) retire(ctx context.Context, name string, current *corev1.Node) reconcile.Result {
	var uid types.UID
	if current != nil {
		uid = current.UID
	}
	var next reconcile.Result
	for _, h := range c.allocator.Left(name, uid) {
		next = sooner(next, c.takeBack(ctx, h, current))
	}
	return next
}

// takeBack brings a holding whose Node is gone a step nearer to its rest
// (I3): the release is made durable, the prefix is taken off the interface if
// it is still there, and once the cloud no longer shows it, it rests.
func (c *Controller) takeBack(ctx context.Context, h allocator.Allocation, current *corev1.Node) reconcile.Result {
	op := c.operations.Take(h.NodeUID)
	if op.UnderWay {
		return reconcile.Result{}
	}
	landed, err := op.Ended, op.Err
	if landed && cloud.Is(err, cloud.OutcomeUnknown) {
		if c.releases.has(h.NodeUID) {
			c.operations.MayDetach(h.NodeUID)
		} else {
			c.operations.MayAttach(h.NodeUID)
		}
	}
	if landed && err == nil && c.releases.has(h.NodeUID) {
		c.tookOff(h)
	}
	c.leavePlace(h.NodeUID)
	c.limiter.LeaveTurn(h.NodeUID)
	if landed && err != nil && c.releases.has(h.NodeUID) {
		return c.later(ctx, h, err)
	}
	if !h.Durable && !h.Found {
		c.drop(h.NodeUID) // neither the ledger nor the cloud has it
		return reconcile.Result{}
	}
	op = c.operations.Peek(h.NodeUID)
	doubt := op.MayAttach
	if doubt == 0 && op.MayDetach == 0 {
		if done, again := c.inherit(ctx, h, current); done {
			return again
		}
	}
	if doubt > 0 {
		return reconcile.Result{RequeueAfter: doubt} // until then it stays a claim, so that a restart doubts it too
	}
	since, first := c.releases.begin(h.NodeUID, time.Now())
	if first {
		if err := c.isGone(ctx, h); err != nil {
			c.releases.end(h.NodeUID)
			return c.later(ctx, h, err)
		}
		if h.Instance == "" {
			// It cannot be looked for on an interface: the next reading of
			// all interfaces tells whether one carries it.
			c.cede(h)
			c.releases.end(h.NodeUID)
			return reconcile.Result{}
		}
		if err := c.ledger.Release(ctx, entryOf(h)); err != nil {
			c.releases.end(h.NodeUID)
			return c.laterBy(ctx, h, c.noClaim(err))
		}
	}
	switch seen, awaits := c.releases.second(h.NodeUID); {
	case awaits:
		return reconcile.Result{}
	case seen == ours:
		c.releases.shown(h.NodeUID)
	case seen != 0:
		return c.letGo(ctx, h, seen)
	}
	return c.look(ctx, h, since)
}

// look looks at the instance of a release, and takes the prefix off it or
// lets it go.
func (c *Controller) look(ctx context.Context, h allocator.Allocation, since time.Time) reconcile.Result {
	vpc, ok := c.catalog.Load().vpcOf(h.Key.Request)
	if !ok {
		return c.later(ctx, h, c.unread(h))
	}
	nic, err := vpc.Interfaces.Get(ctx, h.Instance)
	if err != nil && !cloud.Is(err, cloud.NotFound) {
		return c.later(ctx, h, err)
	}
	seen := presenceOf(h, nic, c.paired(h, nic), err == nil)
	left := err != nil && c.routesOutliveInstance(h)
	if left {
		seen, nic = ours, cloud.Interface{InstanceUID: h.InstanceUID}
		c.releases.routesLeft(h.NodeUID)
	} else if seen == ours {
		c.releases.shown(h.NodeUID)
	}
	if seen == ours {
		if grace := c.DetachGrace - time.Since(since); grace > 0 {
			return reconcile.Result{RequeueAfter: grace}
		}
		if again, held := c.stays(ctx, h, vpc.Place, since); held {
			c.leavePlace(h.NodeUID)
			return reconcile.Result{RequeueAfter: again}
		}
		return c.detach(ctx, h, vpc, nic)
	}
	if seen == nowhere || !h.Adopted {
		if certain, again := c.releases.missed(h.NodeUID, time.Now(), c.Staleness); !certain {
			return reconcile.Result{RequeueAfter: again}
		}
	}
	return c.letGo(ctx, h, seen)
}

// routesOutliveInstance tells of a prefix whose routes outlive the machine: they lead to the
// interface that we recorded when we made them, and to no other.
func (c *Controller) routesOutliveInstance(h allocator.Allocation) bool {
	return byRoutes(h.Key) && !h.Adopted && h.InstanceUID != "" && !c.releases.tookOff(h.NodeUID)
}

// letGo ends a release: the prefix rests, or stays where somebody else put
// it.
func (c *Controller) letGo(ctx context.Context, h allocator.Allocation, seen presence) reconcile.Result {
	switch {
	case seen == theirs && !h.Before.IsZero():
		c.restAround(ctx, h)
	case seen == theirs:
		c.leaveOn(ctx, h)
	default:
		c.rest(ctx, h)
	}
	return reconcile.Result{}
}

func (c *Controller) tookOff(h allocator.Allocation) {
	c.releases.detached(h.NodeUID)
	c.Metrics.repaired(drift.AliasLeaked)
}

// leaveOn leaves a prefix where it is that somebody else put there (I4): it
// stays occupied while the instance carries it, and rests when the cloud no
// longer shows it. The release stays in the ledger, so that this outlives a
// restart.
func (c *Controller) leaveOn(ctx context.Context, h allocator.Allocation) {
	c.allocator.ReleaseToInstance(h.NodeUID)
	c.ledger.LeaveOn(h.NodeUID)
	c.releases.end(h.NodeUID)
	c.backoff.Forget(h.Node)
	log.FromContext(ctx).Info("the node is gone; its prefix was not put on the instance by us, so it stays there and occupied",
		"prefix", h.Prefix, "instance", h.Instance, "adopted", h.Adopted)
}

// rest lets the prefix rest.
func (c *Controller) rest(ctx context.Context, h allocator.Allocation) {
	now := time.Now()
	until := c.allocator.Release(h.NodeUID, now)
	c.ledger.Rest(h.NodeUID, h.Prefix, until, now)
	c.rests(ctx, h, now)
	log.FromContext(ctx).Info("the node is gone and the cloud shows its prefix nowhere; it rests", "prefix", h.Prefix, "until", until)
}

// restAround lets that of the prefix rest which was ours, and leaves the parts
// where they are that were there before, as leaveOn does.
func (c *Controller) restAround(ctx context.Context, h allocator.Allocation) {
	now := time.Now()
	until := c.allocator.ReleaseAround(h, now)
	c.ledger.RestAround(entryOf(h), until, now)
	c.rests(ctx, h, now)
	log.FromContext(ctx).Info("the node is gone and what we put on its instance is off; it rests, and what was there before stays there and occupied",
		"prefix", h.Prefix, "instance", h.Instance, "before", h.Before.String(), "until", until)
}

// rests ends a release whose prefix rests.
func (c *Controller) rests(ctx context.Context, h allocator.Allocation, now time.Time) {
	c.releases.endedInRest(h, now)
	c.tellPublishers(ctx, h)
	c.operations.Clear(h.NodeUID)
	c.backoff.Forget(h.Node)
	c.Metrics.released()
}

// later says why a prefix cannot be taken back yet.
func (c *Controller) later(ctx context.Context, h allocator.Allocation, err error) reconcile.Result {
	t := conditions.FromCloud(err)
	if apierrors.IsForbidden(err) {
		t = conditions.FromAPI("taking the prefix of a deleted node back", err)
	}
	return c.laterBy(ctx, h, t)
}

func (c *Controller) laterBy(ctx context.Context, h allocator.Allocation, t *conditions.Refusal) reconcile.Result {
	delay := c.backoff.When(h.Node)
	c.Metrics.refused("ReleasePending")
	c.releases.failed(h, t, time.Now())
	log.FromContext(ctx).Info("the prefix of a deleted node cannot be taken back yet; it stays occupied",
		"prefix", h.Prefix, "instance", h.Instance, "why", t.Text, "again", delay)
	return reconcile.Result{RequeueAfter: delay}
}

// unread says why the Network that the holding's range is of cannot be used.
func (c *Controller) unread(h allocator.Allocation) error {
	cat := c.catalog.Load()
	for i := range cat.requests {
		if cat.requests[i].Name == h.Key.Request {
			if err := cat.failures[cat.requests[i].NetworkName()]; err != nil {
				return err
			}
		}
	}
	return errors.New("its Network cannot be read")
}
