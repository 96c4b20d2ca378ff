package ranges

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Pools is what the node controller does with the ranges it gives out of.
type Pools interface {
	// Waiting returns the Nodes for which there is no room.
	Waiting() []carve.Waiter
	// Look reports what is done with exactly that range.
	Look(netip.Prefix) Pool
}

// Pool is what the node controller does with one range.
type Pool struct {
	// Known is true if it knows the range, Given that it gives out of it.
	Known, Given bool
	// Held names who holds a part of it, or a part in quarantine; it is
	// empty where there is none.
	Held string
	// ByNode is true if a Node holds it, there or gone, or that one may.
	ByNode bool
	// Quarantined is until when a part of it is; it is zero where none is.
	Quarantined time.Time
}

// pods is purpose Pods: Nodes hold node CIDRs of the range on the interfaces of
// their instances.
type pods struct {
	custom
	c *Controller
}

func (p pods) use(ctx context.Context, r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest) (carve.Use, *conditions.Refusal) {
	n, vpc, no := p.c.network(ctx, r)
	var reserved []netip.Prefix
	if no == nil {
		reserved, no = p.reserved(ctx, r, n)
	}
	if no != nil {
		vpc = cloud.VPC{} // nothing is granted from it meanwhile; what is published counts all the same
	}
	u := carve.Count(r, all, p.c.Nodes(), vpc.Traits)
	u.Without(prefix.Normalise(slices.Concat(p.c.of(r).barred, reserved)))
	return u, nil
}

// reserved is what of the ranges nodes get no more, since a Network of the VPC
// reserves it.
func (p pods) reserved(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network) (out []netip.Prefix, _ *conditions.Refusal) {
	beside, no := p.c.beside(ctx, n)
	if no != nil {
		return nil, no
	}
	for _, b := range assign.ReservedOver(assign.ReservedBy(append(beside, *n)...), r) {
		out = append(out, b.Prefix.Masked())
	}
	return prefix.Intersect(prefix.Normalise(out), prefix.Normalise(v1alpha1.Prefixes(r.Status.Granted()))), nil
}

func (p pods) release(ctx context.Context, r *v1alpha1.RangeRequest, u carve.Use, vpc cloud.VPC) *conditions.Refusal {
	if len(u.Nodes) > 0 {
		return conditions.Refuse(v1alpha1.ReasonInUse, "deletion waits: %d nodes use the ranges (%s); drain and delete them first", len(u.Nodes), conditions.List(u.Nodes, conditions.Few))
	}
	found, no := carriers(ctx, v1alpha1.Prefixes(r.Status.Ranges), vpc)
	if no == nil && len(found) > 0 {
		var theirs []netip.Prefix
		theirs, no = p.takenOver(ctx, r)
		found = slices.DeleteFunc(found, func(x carrier) bool { return slices.ContainsFunc(theirs, x.prefix.Overlaps) })
	}
	if no != nil {
		return no
	}
	if len(found) == 0 {
		return p.quarantined(r)
	}
	no = conditions.Refuse(v1alpha1.ReasonInUse, "deletion waits: instances still have prefixes of the ranges attached (%s); those of deleted Nodes are detached automatically, any other has to be detached by whoever attached it", conditions.List(found, 3))
	no.Again = carrierPause
	return no
}

// quarantined has the deletion wait while a prefix of the ranges is being released
// or is quarantined (I3): once a range has left the VPC, whoever carves next may have
// its addresses.
func (p pods) quarantined(r *v1alpha1.RangeRequest) *conditions.Refusal {
	if p.c.Pools == nil {
		return nil
	}
	for _, at := range v1alpha1.Prefixes(r.Status.Granted()) {
		seen := p.c.Pools.Look(at)
		switch {
		case !seen.Quarantined.IsZero():
			return wait(carrierPause, "deletion waits: addresses of %s are quarantined until %s", at, seen.Quarantined.UTC().Format(time.TimeOnly))
		case seen.ByNode:
			return wait(carrierPause, "deletion waits: %s (range %s); a deleted node's CIDR is released once the cloud has not shown it for a while", seen.Held, at)
		}
	}
	return nil
}

// vacate makes sure that no Node has, or can still come to, a node CIDR of the
// range. The order matters (I1): first the node controller has to have
// stopped giving out of it, since only then what follows stays true; then the
// Nodes are read live, and the interfaces last, since a prefix is on an
// interface before it is published. Should another manager's node controller
// be a step behind, its claim is refused by the ledger, and the cloud refuses
// to remove a range that an interface carries.
func (p pods) vacate(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange, vpc cloud.VPC) (no *conditions.Refusal, stay bool) {
	at, ok := g.Prefix()
	if !ok || p.c.Pools == nil {
		return wait(carve.RetryLater, "range %s: it is not known whether node CIDRs are still allocated from it", g.CIDR), false
	}
	seen := p.c.Pools.Look(at)
	switch {
	case !seen.Known || seen.Given:
		return wait(leavePause, "range %s is reclaimed once the node controller no longer allocates from it", g.CIDR), false
	case seen.Held != "":
		theirs, no := p.takenOver(ctx, r)
		if no != nil || !seen.ByNode && slices.Contains(theirs, at) {
			return no, false
		}
		return inUse(g, seen.Held), true
	}
	holder, err := p.holder(ctx, at)
	if err != nil {
		return conditions.FromAPI("listing Nodes", err), false
	}
	if holder != "" {
		return inUse(g, "node "+holder+" publishes a node CIDR of it"), true
	}
	found, no := carriers(ctx, []netip.Prefix{at}, vpc)
	if no != nil {
		return no, false
	}
	if len(found) > 0 {
		return inUse(g, "instances have prefixes of it attached: "+conditions.List(found, 3)), true
	}
	return nil, false
}

func inUse(g v1alpha1.GrantedRange, by string) *conditions.Refusal {
	return conditions.Refuse(v1alpha1.ReasonInUse, "range %s of %s is not reclaimed: %s", g.CIDR, carve.Place(g.Subnet), by)
}

// pageOfNodes bounds how many Nodes are in memory whole at a time.
const pageOfNodes = 500

// holder reads live which Node publishes a node CIDR of the range.
func (p pods) holder(ctx context.Context, at netip.Prefix) (string, error) {
	for next := ""; ; {
		var page corev1.NodeList
		if err := p.c.Live.List(ctx, &page, client.Limit(pageOfNodes), client.Continue(next)); err != nil {
			return "", err
		}
		for _, n := range page.Items {
			if slices.ContainsFunc(v1alpha1.ParseCIDRs(n.Spec.PodCIDRs), at.Overlaps) {
				return n.Name, nil
			}
		}
		if next = page.Continue; next == "" {
			return "", nil
		}
	}
}

func (p pods) demand(r *v1alpha1.RangeRequest) carve.Demand {
	if p.c.Pools == nil {
		return carve.Demand{}
	}
	d := carve.Demand{Waiting: p.c.Pools.Waiting(), Unused: map[netip.Prefix]bool{}, Held: map[netip.Prefix]bool{}}
	for _, at := range v1alpha1.Prefixes(r.Status.Ranges) {
		seen := p.c.Pools.Look(at)
		d.Unused[at], d.Held[at] = !seen.Known, seen.Held != ""
	}
	return d
}

// takenOver returns the ranges that left the VPC, and in whose place somebody else
// has one by now: what instances carry there is theirs, but what a Node of this
// cluster holds. A manager that ends between a removal and its note in the
// status leaves them there.
func (p pods) takenOver(ctx context.Context, r *v1alpha1.RangeRequest) ([]netip.Prefix, *conditions.Refusal) {
	n, _, no := p.c.network(ctx, r)
	if no != nil {
		return nil, no
	}
	s, err := p.c.Space.Read(ctx, n, p.c.began.Add(-p.c.Sweep)) // it is asked again every few seconds
	if err != nil {
		return nil, conditions.FromCloud(err)
	}
	return carve.TakenOver(r, s), nil
}

// carrier is an instance that carries a prefix.
type carrier struct {
	instance string
	prefix   netip.Prefix
}

func (x carrier) String() string { return x.instance + " " + x.prefix.String() }

// carriers returns the instances that carry addresses of the ranges: the node
// controller takes back what was its own, for which it needs the request, and
// the cloud would refuse to remove the range.
func carriers(ctx context.Context, ranges []netip.Prefix, vpc cloud.VPC) (found []carrier, no *conditions.Refusal) {
	for nic, err := range vpc.Interfaces.List(ctx) {
		if err != nil {
			return nil, conditions.FromCloud(err)
		}
		for _, p := range nic.Prefixes() {
			if slices.ContainsFunc(ranges, p.Overlaps) {
				found = append(found, carrier{cmp.Or(nic.Instance, nic.InstanceUID), p})
			}
		}
	}
	return found, nil
}

const (
	// carrierPause is how soon the instances are looked at again that still
	// carry prefixes of a range that is to go.
	carrierPause = 2 * time.Second
	// leavePause is how soon the node controller is asked again whether it
	// has taken a range out of use.
	leavePause = time.Second
)
