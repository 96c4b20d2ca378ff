package ranges

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

const (
	// spacePatience is how long the one worker waits for a block to be
	// associated, which takes seconds; then others have their turn, and it is
	// looked for again after underWayPause.
	spacePatience = 5 * time.Second
	underWayPause = time.Second
	// spacePause is when the next step is done, once the status has the last.
	spacePause = 100 * time.Millisecond
)

// addSpace makes a subnet in the first of the zones, a step at a time: what
// is asked for, and what the next step depends on, is in the status before.
func (c *Controller) addSpace(ctx context.Context, r *v1alpha1.RangeRequest, in carve.Input, zones []string, vpc cloud.VPC) *conditions.Refusal {
	if len(zones) == 0 {
		return nil
	}
	m, no := carve.PlanSpace(in, zones[0])
	if no != nil {
		return no
	}
	return c.make(ctx, r, m, vpc)
}

func (c *Controller) make(ctx context.Context, r *v1alpha1.RangeRequest, m carve.Making, vpc cloud.VPC) *conditions.Refusal {
	if vpc.NewSpace == nil {
		return conditions.Refuse(v1alpha1.ReasonUnsupported, "newSubnets is not supported on this cloud; remove it")
	}
	if no := c.claimSpace(ctx, r, m); no != nil {
		return no
	}
	if no := c.leads(ctx); no != nil {
		return no
	}
	ctx, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	if no := c.addBlock(ctx, r, m, vpc); no != nil {
		return no
	}
	defer c.Space.Changed(vpc.Place)
	log.FromContext(ctx).Info("creating a subnet", "name", m.Subnet.Name, "zone", m.Subnet.Zone, "prefix", m.Subnet.Prefix, "why", m.Why)
	id, err := vpc.NewSpace.AddSubnet(ctx, m.Subnet)
	if cloud.Is(err, cloud.OutcomeUnknown) {
		c.doubt(r)
	}
	if err != nil {
		if no := underWay(ctx, "subnet "+m.Subnet.Prefix.String()+" is being created"); no != nil {
			return no
		}
		if c.doubted(r).IsZero() {
			dropClaimedSubnet(r, m.Subnet.Name)
		}
		no := conditions.FromCloud(err)
		if cloud.Is(err, cloud.Conflict) { // another cluster's subnet, which shows now
			no.Again = carve.RetrySoon
		}
		return no
	}
	claimedSubnet(r, m.Subnet.Name).Subnet = id
	c.tellSpace(r, "AddSubnet", "created subnet %s (%s) in zone %s for new nodes: %s", id, m.Subnet.Prefix, m.Subnet.Zone, m.Why)
	c.lookAgain(r)
	return wait(spacePause, "created subnet %s in zone %s; its range is carved next", id, m.Subnet.Zone)
}

// claimSpace notes the block and the subnet in the status before either is
// asked for.
func (c *Controller) claimSpace(ctx context.Context, r *v1alpha1.RangeRequest, m carve.Making) *conditions.Refusal {
	had, made := r.Status.NewSubnets, r.Status.Made()
	now := made.DeepCopy()
	r.Status.NewSubnets = now
	if m.Record != nil {
		now.Blocks = append(now.Blocks, *m.Record)
	}
	if claimedSubnet(r, m.Subnet.Name) == nil {
		now.Subnets = append(now.Subnets, v1alpha1.MadeSubnet{
			Name: m.Subnet.Name, Zone: m.Subnet.Zone, CIDR: m.Subnet.Prefix.String(), Reason: m.Why})
	}
	no := c.name(ctx, r, "claiming a block and a subnet")
	if no != nil {
		r.Status.NewSubnets = had
	}
	return no
}

// claimedSubnet returns the status' entry of the subnet that is made under the
// name, or nil.
func claimedSubnet(r *v1alpha1.RangeRequest, name string) *v1alpha1.MadeSubnet {
	for i := range r.Status.NewSubnets.Subnets {
		if s := &r.Status.NewSubnets.Subnets[i]; s.Name == name {
			return s
		}
	}
	return nil
}

func dropClaimedSubnet(r *v1alpha1.RangeRequest, name string) {
	r.Status.NewSubnets.Subnets = slices.DeleteFunc(r.Status.NewSubnets.Subnets, func(s v1alpha1.MadeSubnet) bool { return s.Name == name && s.Subnet == "" })
}

// addBlock has the VPC have the block: one that is ours may still be on its way.
func (c *Controller) addBlock(ctx context.Context, r *v1alpha1.RangeRequest, m carve.Making, vpc cloud.VPC) *conditions.Refusal {
	if slices.Contains(r.Status.NewSubnets.Blocks, v1alpha1.MadeBlock{CIDR: m.In.String(), Adopted: true}) {
		return nil
	}
	if m.Block.IsValid() {
		log.FromContext(ctx).Info("associating a block with the VPC", "block", m.Block, "why", m.Why)
	}
	defer c.Space.Changed(vpc.Place)
	if err := vpc.NewSpace.AddBlock(ctx, m.In); err != nil {
		if no := underWay(ctx, "block "+m.In.String()+" is being associated with the VPC"); no != nil {
			return no
		}
		forgetRefused(r, m, err)
		no := conditions.FromCloud(err)
		if cloud.Is(err, cloud.Conflict) || cloud.Is(err, cloud.Invalid) { // another block may do
			c.bar(r, m.In, false, no)
		}
		return no
	}
	had := slices.ContainsFunc(r.Status.NewSubnets.Subnets, func(x v1alpha1.MadeSubnet) bool {
		p, err := netip.ParsePrefix(x.CIDR)
		return err == nil && x.Subnet != "" && m.In.Overlaps(p)
	})
	if !had { // its first subnet
		c.tellSpace(r, "AddBlock", "associated block %s with the VPC: %s", m.In, m.Why)
	}
	return nil
}

// underWay is set where only our patience has ended.
func underWay(ctx context.Context, what string) *conditions.Refusal {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return wait(underWayPause, "%s; checking again", what)
}

// forgetRefused takes a block off the record that the cloud refused for
// certain, and the subnet in it: should somebody else associate it later, it is
// not ours.
func forgetRefused(r *v1alpha1.RangeRequest, m carve.Making, err error) {
	switch cloud.ReasonOf(err) {
	case cloud.Invalid, cloud.Conflict, cloud.QuotaExceeded, cloud.LimitExceeded, cloud.PermissionDenied, cloud.Unauthenticated:
		r.Status.NewSubnets.Blocks = slices.DeleteFunc(r.Status.NewSubnets.Blocks, func(x v1alpha1.MadeBlock) bool { return x.CIDR == m.In.String() })
		dropClaimedSubnet(r, m.Subnet.Name)
	}
}

func (c *Controller) tellSpace(r *v1alpha1.RangeRequest, action, format string, args ...any) {
	c.Metrics.changed(r.Name, v1alpha1.ReasonSpaceAdded)
	c.Events.Eventf(r, nil, corev1.EventTypeNormal, v1alpha1.ReasonSpaceAdded, action, format, args...)
}

// moreSpace makes subnets where growth found these ones full.
func (c *Controller) moreSpace(ctx context.Context, r *v1alpha1.RangeRequest, full []string) *conditions.Refusal {
	in, vpc, no := c.observe(ctx, r)
	if no != nil {
		return no
	}
	return c.addSpace(ctx, r, in, carve.FullZones(in, full), vpc)
}

// elsewhere says of a full subnet that new nodes have another.
func elsewhere(r *v1alpha1.RangeRequest, no *conditions.Refusal) *conditions.Refusal {
	said := *no
	said.Text += "; nodes that wait there keep waiting: create new ones in the subnets of status.newSubnets"
	return &said
}
