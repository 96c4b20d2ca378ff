package ranges

import (
	"cmp"
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// carveTries is how often a block that somebody else took meanwhile is looked
// for elsewhere before the request comes again.
const carveTries = 5

// grant carves and creates what the request asks for and does not have, and
// returns when to look again.
func (c *Controller) grant(ctx context.Context, r *v1alpha1.RangeRequest, p purpose, uncounted *conditions.Refusal) time.Duration {
	no, began := uncounted, c.Now()
	if no == nil {
		no = aroundOthers(func() (*conditions.Refusal, bool) { return c.carve(ctx, r, p) })
	}
	if no != nil && no.Conflict {
		return retryAfter(no)
	}
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: "every range is in the VPC"}
	kind, again := corev1.EventTypeNormal, time.Duration(0)
	if no != nil {
		ready, kind, again = no.Condition(v1alpha1.ConditionReady), no.EventType(), retryAfter(no)
		c.Metrics.failed(r.Name, no.Reason)
	} else {
		again = c.seen(r, began)
	}
	if conditions.Set(&r.Status.Conditions, r, ready) {
		log.FromContext(ctx).Info("grant", "reason", ready.Reason, "why", ready.Message)
		c.Events.Eventf(r, nil, kind, ready.Reason, "GrantRange", "%s", ready.Message)
	}
	return again
}

// aroundOthers carves, and elsewhere where somebody else took the place
// meanwhile, or is about to.
func aroundOthers(carve func() (no *conditions.Refusal, conflict bool)) *conditions.Refusal {
	var lost *conditions.Refusal
	for try := 1; ; try++ {
		no, conflict := carve()
		switch {
		case no == nil:
			return nil
		case !conflict && lost != nil && no.Reason == v1alpha1.ReasonNoSpace:
			return lost // there may be room, once it shows what others are taking
		case !conflict || try == carveTries:
			return no
		}
		lost = no
	}
}

// begins refuses a request that has nothing yet where its Network may go
// before it: a Network waits for its requests only while it has a finalizer,
// and one that is being deleted may not have seen this request.
func (c *Controller) begins(r *v1alpha1.RangeRequest, n *v1alpha1.Network) *conditions.Refusal {
	switch {
	case controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer):
		return nil
	case !n.DeletionTimestamp.IsZero():
		return carve.Late(r, n)
	case !controllerutil.ContainsFinalizer(n, v1alpha1.Finalizer):
		no := conditions.Refuse(v1alpha1.ReasonNetworkNotReady, "Network %s does not have the finalizer %s yet; the manager adds it", n.Name, v1alpha1.Finalizer)
		no.Again = carve.RetrySoon
		return no
	}
	return nil
}

// network returns the request's Network and its cloud, whose Interfaces are
// those by which the request's prefixes come to machines.
func (c *Controller) network(ctx context.Context, r *v1alpha1.RangeRequest) (*v1alpha1.Network, cloud.VPC, *conditions.Refusal) {
	n := &v1alpha1.Network{}
	err := c.Client.Get(ctx, client.ObjectKey{Name: r.NetworkName()}, n)
	if apierrors.IsNotFound(err) {
		return nil, cloud.VPC{}, conditions.Refuse(v1alpha1.ReasonNetworkNotFound, "Network %s does not exist; create it, or name another one", r.NetworkName())
	}
	if err != nil {
		return nil, cloud.VPC{}, conditions.FromAPI("reading Network "+r.NetworkName(), err)
	}
	vpc, err := c.OpenVPC(ctx, n)
	if err != nil {
		return nil, cloud.VPC{}, conditions.FromCloud(err)
	}
	if carve.IsRouted(r) && vpc.Routed != nil {
		vpc.Interfaces = vpc.Routed
	}
	return n, vpc, nil
}

// carve reads the VPC, plans, and creates. A conflict is a block that the cloud
// refused because somebody else has it, or is about to: until their change is
// done the VPC reads as if it were free, so the next try keeps clear of what
// was refused before.
//
// What is to be created is claimed first. What was created stays in the status
// also where a later step fails, so that a request that is half granted shows
// the half it has.
func (c *Controller) carve(ctx context.Context, r *v1alpha1.RangeRequest, p purpose) (no *conditions.Refusal, conflict bool) {
	n, vpc, no := c.network(ctx, r)
	if no == nil {
		no = c.begins(r, n)
	}
	if no != nil {
		return no, false
	}
	in, no := c.input(ctx, r, n)
	if no != nil {
		return no, false
	}
	r.Status.Refused = carve.Unexplained(in)
	c.settleClaims(r, in)
	defer c.notice(r, in.Snapshot)
	steps, unserved, refused := carve.Plan(in)
	if refused != nil { // what it cannot have takes nothing from what it has
		steps = append(steps, without(slices.Concat(carve.PutBack(in), carve.TakeUp(in)), steps)...)
	}
	r.Status.Subnets, r.Status.Routes, r.Status.NewSubnets = unserved, carve.RoutesOf(in), carve.MadeSpace(in)
	if no := c.claim(ctx, r, steps...); no != nil {
		return no, false
	}
	var unready *conditions.Refusal
	for _, step := range steps {
		no, conflict := c.apply(ctx, r, step, vpc)
		if no != nil {
			c.unclaim(r)
			return no, conflict
		}
		if no := p.ensure(ctx, r, r.Status.Range(step.Range.Prefix)); no != nil && unready == nil {
			unready = no
		}
	}
	if refused == nil && unready == nil {
		unready = c.addSpace(ctx, r, in, carve.FullZones(in, nil), vpc)
	}
	return cmp.Or(refused, unready), false
}

// without returns the steps about other ranges than those of had.
func without(steps, had []carve.Step) []carve.Step {
	return slices.DeleteFunc(steps, func(s carve.Step) bool {
		return slices.ContainsFunc(had, func(x carve.Step) bool { return x.Range == s.Range })
	})
}

// observe reads all that a plan depends on, and opens the VPC.
func (c *Controller) observe(ctx context.Context, r *v1alpha1.RangeRequest) (in carve.Input, vpc cloud.VPC, no *conditions.Refusal) {
	n, vpc, no := c.network(ctx, r)
	if no == nil {
		in, no = c.input(ctx, r, n)
	}
	return in, vpc, no
}

// input reads what a plan depends on. The requests are read live: another may
// have been granted a moment ago.
func (c *Controller) input(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network) (carve.Input, *conditions.Refusal) {
	in := carve.Input{Request: r, Network: n, ClusterID: c.ClusterID, Now: c.Now()}
	var err error
	if in.Snapshot, err = c.Space.Read(ctx, n, c.began); err != nil {
		return in, conditions.FromCloud(err)
	}
	var others v1alpha1.RangeRequestList
	if err := c.Live.List(ctx, &others); err != nil {
		return in, conditions.FromAPI("listing RangeRequests", err)
	}
	in.Others = others.Items
	in.Nodes = c.Nodes()
	var no *conditions.Refusal
	if in.Beside, no = c.beside(ctx, n); no != nil {
		return in, no
	}
	if c.Services != nil {
		in.Services, err = c.Services.Occupied(ctx)
		no := fromCluster("listing ServiceCIDRs", err)
		if in.NoServices = no != nil && no.Reason == v1alpha1.ReasonNoServiceCIDR; !in.NoServices {
			return in, no
		}
		in.Services, no = c.clusterIPs(ctx)
		return in, no
	}
	return in, nil
}

// invalid refuses a spec that is wrong where the schema could not tell. What was
// granted stays, and serves on.
func invalid(r *v1alpha1.RangeRequest) *conditions.Refusal {
	if err := r.Spec.Validate(); err != nil {
		return conditions.Refuse(v1alpha1.ReasonInvalidSpec, "spec.%v", err)
	}
	return nil
}
