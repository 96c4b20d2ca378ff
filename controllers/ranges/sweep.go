package ranges

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// A sweep compares a Network's VPC with what its requests were granted, in one
// reading for all. A request that differs is looked at by itself. What was
// made for a request that is gone, by a manager that was paused at that call
// or whose change came late, is removed.

// sweeps is the namespace in the queue of Networks that are swept; requests
// have none.
const sweeps = "sweep"

func sweepOf(network string) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Namespace: sweeps, Name: network}}
}

// sweeper is what sweeps remember.
type sweeper struct {
	last  map[string]time.Time // by Network
	since map[seen]time.Time   // each was first seen
}

// seen is an orphan as one Network shows it: what another one does not show may
// well be there.
type seen struct {
	network string
	carve.Orphan
}

// sweep sweeps one Network, unless it was a moment ago.
func (c *Controller) sweep(ctx context.Context, network string) (reconcile.Result, error) {
	n := &v1alpha1.Network{}
	if err := c.Client.Get(ctx, client.ObjectKey{Name: network}, n); err != nil {
		delete(c.sweeper.last, network)
		maps.DeleteFunc(c.sweeper.since, func(x seen, _ time.Time) bool { return x.network == network })
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if left := c.Sweep - c.Now().Sub(c.sweeper.last[network]); left > 0 {
		return reconcile.Result{RequeueAfter: left}, nil
	}
	vpc, err := c.OpenVPC(ctx, n)
	if cloud.Is(err, cloud.WrongCloud) {
		return reconcile.Result{}, nil
	}
	if c.sweeper.last == nil {
		c.sweeper = sweeper{last: map[string]time.Time{}, since: map[seen]time.Time{}}
	}
	c.sweeper.last[network] = c.Now()
	if err == nil {
		err = c.sweepVPC(ctx, n, vpc)
	}
	if err != nil { // the Network's own condition says so
		log.FromContext(ctx).V(1).Info("the VPC could not be compared with what is granted", "network", network, "error", err.Error())
	}
	return reconcile.Result{RequeueAfter: c.Sweep}, nil
}

// sweepVPC lists the requests after it has read the VPC: a request is there
// before anything of it is made.
func (c *Controller) sweepVPC(ctx context.Context, n *v1alpha1.Network, vpc cloud.VPC) error {
	snapshot, err := c.Space.Fresh(ctx, n)
	if err != nil {
		return err
	}
	var requests v1alpha1.RangeRequestList
	if err := c.Live.List(ctx, &requests); err != nil {
		return fmt.Errorf("listing RangeRequests: %w", err)
	}
	for i := range requests.Items {
		if r := &requests.Items[i]; r.NetworkName() == n.Name {
			c.compare(r, snapshot)
		}
	}
	var stuck []string
	var first *conditions.Refusal
	note := func(request string, no *conditions.Refusal) {
		if no != nil && !no.Quiet {
			stuck, first = append(stuck, no.Text), cmp.Or(first, no)
			c.Metrics.failed(request, no.Reason)
		}
	}
	orphans := carve.Orphans(snapshot, c.ClusterID, departedFrom(n), requests.Items)
	old := c.old(n.Name, orphans)
	if held, err := c.held(ctx, n, snapshot, orphans, requests.Items); held || err != nil {
		return err
	}
	for _, o := range old {
		note(o.Request, c.sweepOut(ctx, n, o, vpc))
	}
	if c.Services != nil && c.leads(ctx) == nil {
		note("", fromCluster("taking away ServiceCIDRs of requests that are gone", c.Services.Sweep(ctx, requests.Items)))
	}
	return c.tellStuck(ctx, n, first, stuck)
}

// compare has a request looked at by itself that differs from what the VPC has.
func (c *Controller) compare(r *v1alpha1.RangeRequest, s cloud.Snapshot) {
	if r.Spec.Purpose == v1alpha1.Pods {
		c.notice(r, s)
	}
	if !carve.Differs(s, c.ClusterID, r) {
		return
	}
	c.lookAgain(r)
	if c.queue != nil {
		c.queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(r)})
	}
}

// old returns those that were orphans for as long as a change may take to come:
// by then whoever made them would have noted it.
func (c *Controller) old(network string, found []carve.Orphan) (out []carve.Orphan) {
	now := c.Now()
	maps.DeleteFunc(c.sweeper.since, func(x seen, _ time.Time) bool { return x.network == network && !slices.Contains(found, x.Orphan) })
	for _, o := range found {
		x := seen{network, o}
		if _, known := c.sweeper.since[x]; !known {
			c.sweeper.since[x] = now
		}
		if now.Sub(c.sweeper.since[x]) >= c.Doubt {
			out = append(out, o)
		}
	}
	return out
}

// sweepOut removes one orphan that nothing uses. Whether its request is there,
// who uses it and who leads is read live, right before.
func (c *Controller) sweepOut(ctx context.Context, n *v1alpha1.Network, o carve.Orphan, vpc cloud.VPC) *conditions.Refusal {
	stays := func(by string) *conditions.Refusal {
		return conditions.Refuse(v1alpha1.ReasonInUse, "range %s (%s) of subnet %s belongs to RangeRequest %s, which is gone, and cannot be removed: %s", o.Name, o.Prefix, o.Subnet, o.Request, by)
	}
	err := c.Live.Get(ctx, client.ObjectKey{Name: o.Request}, &v1alpha1.RangeRequest{})
	switch {
	case err == nil:
		return nil // it is there again, and takes up what has its mark
	case !apierrors.IsNotFound(err):
		return conditions.FromAPI("reading RangeRequest "+o.Request, err)
	}
	holder, err := pods{c: c}.holder(ctx, o.Prefix)
	if err != nil {
		return conditions.FromAPI("listing Nodes", err)
	}
	if holder != "" {
		return stays("node " + holder + " publishes a node CIDR of it; delete that Node")
	}
	found, no := carriers(ctx, []netip.Prefix{o.Prefix}, vpc)
	if no != nil {
		return no
	}
	if len(found) > 0 {
		return stays("instances have prefixes of it attached (" + conditions.List(found, 3) + "); detach them")
	}
	if no := c.leads(ctx); no != nil {
		return no
	}
	log.FromContext(ctx).Info("removing a range of a request that is gone", "range", o.Name, "subnet", o.Subnet, "prefix", o.Prefix, "request", o.Request)
	err = c.takeOut(ctx, o.Marked, vpc)
	if cloud.Is(err, cloud.Conflict) {
		return stays(err.Error() + "; remove what still uses its addresses")
	}
	if err != nil {
		return conditions.FromCloud(err)
	}
	c.Metrics.changed(o.Request, v1alpha1.ReasonOrphanRemoved)
	c.Events.Eventf(n, nil, corev1.EventTypeNormal, v1alpha1.ReasonOrphanRemoved, "RemoveOrphan",
		"removed range %s (%s) of subnet %s: its RangeRequest %s is gone", o.Name, o.Prefix, o.Subnet, o.Request)
	return nil
}

// orphaned is what is left of requests that are gone and cannot be swept.
var orphaned = conditions.Problem{Type: v1alpha1.ConditionOrphaned, Well: v1alpha1.ReasonNone, None: "deleted requests have left nothing behind"}

// tellStuck reports it.
func (c *Controller) tellStuck(ctx context.Context, n *v1alpha1.Network, first *conditions.Refusal, stuck []string) error {
	var no *conditions.Refusal
	if first != nil {
		no = conditions.Refuse(first.Reason, "%s", strings.Join(stuck[:min(3, len(stuck))], "; "))
		if more := len(stuck) - 3; more > 0 {
			no.Text += fmt.Sprintf("; and %d more", more)
		}
	}
	return c.tellNetwork(ctx, n, orphaned, no)
}

// tellNetwork reports a problem that a sweep of the Network found.
func (c *Controller) tellNetwork(ctx context.Context, n *v1alpha1.Network, p conditions.Problem, no *conditions.Refusal) error {
	before := n.DeepCopy()
	if p.Set(&n.Status.Conditions, n, no) {
		log.FromContext(ctx).Info("removing what is left of requests that are gone", "reason", no.Reason, "why", no.Text)
		c.Events.Eventf(n, nil, corev1.EventTypeWarning, no.Reason, "RemoveOrphan", "%s", no.Text)
	}
	err := conditions.WriteStatus(ctx, c.Client, n, before)
	if apierrors.IsConflict(err) {
		return nil // the next sweep says it
	}
	return client.IgnoreNotFound(err)
}
