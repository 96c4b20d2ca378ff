package ranges

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// spacePatience is how long the one worker waits for a block to be
	// associated, which takes seconds; then it is looked for again.
	spacePatience = 30 * time.Second
	// spacePause is when the next step is done, once the status has the last.
	spacePause = 100 * time.Millisecond
)

// addSpace makes a subnet in the first of the zones, a step at a time: what
// the next one depends on, and the next zone, is in the status before.
func (c *Controller) addSpace(ctx context.Context, r *v1alpha1.RangeRequest, in Input, zones []string, vpc cloud.VPC) *Refusal {
	if len(zones) == 0 {
		return nil
	}
	m, no := PlanSpace(in, zones[0])
	if no != nil {
		return no
	}
	return c.make(ctx, r, m, vpc)
}

func (c *Controller) make(ctx context.Context, r *v1alpha1.RangeRequest, m Making, vpc cloud.VPC) *Refusal {
	if vpc.NewSpace == nil {
		return refuse(v1alpha1.ReasonUnsupported, "newSpace is not provided on this cloud; leave it out")
	}
	if err := c.addFinalizer(ctx, r); err != nil {
		return refusedByAPI("adding the finalizer to RangeRequest "+r.Name, err)
	}
	if r.Status.NewSpace == nil {
		r.Status.NewSpace = &v1alpha1.MadeSpace{}
	}
	if m.Record != nil {
		r.Status.NewSpace.Blocks = append(r.Status.NewSpace.Blocks, *m.Record)
		return nextStep("block %s is recorded, and a subnet made in it next", m.Record.CIDR)
	}
	if no := c.leads(ctx); no != nil {
		return no
	}
	ctx, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	if m.Block.IsValid() {
		log.FromContext(ctx).Info("associating a block with the VPC", "block", m.Block, "why", m.Why)
		if err := vpc.NewSpace.AddBlock(ctx, m.Block); err != nil {
			forgetRefused(r, m.Block, err)
			return refusedByCloud(err)
		}
		c.tellSpace(r, "AddBlock", "block %s is the VPC's now: %s", m.Block, m.Why)
	}
	log.FromContext(ctx).Info("making a subnet", "name", m.Subnet.Name, "zone", m.Subnet.Zone, "prefix", m.Subnet.Prefix, "why", m.Why)
	id, err := vpc.NewSpace.AddSubnet(ctx, m.Subnet)
	if cloud.Is(err, cloud.OutcomeUnknown) {
		c.doubt(r)
	}
	if err != nil {
		no := refusedByCloud(err)
		if cloud.Is(err, cloud.Conflict) { // another cluster's subnet, which shows now
			no.Again = retrySoon
		}
		return no
	}
	r.Status.NewSpace.Subnets = append(r.Status.NewSpace.Subnets, v1alpha1.MadeSubnet{
		Subnet: id, Name: m.Subnet.Name, Zone: m.Subnet.Zone, CIDR: m.Subnet.Prefix.String(), Reason: m.Why})
	c.tellSpace(r, "AddSubnet", "subnet %s (%s) was made in zone %s for new nodes: %s", id, m.Subnet.Prefix, m.Subnet.Zone, m.Why)
	c.lookAgain(r)
	return nextStep("subnet %s was made in zone %s, and its range is carved next", id, m.Subnet.Zone)
}

// forgetRefused takes a block off the record that the cloud refused for
// certain: should somebody else associate it later, it is not ours.
func forgetRefused(r *v1alpha1.RangeRequest, b netip.Prefix, err error) {
	switch cloud.ReasonOf(err) {
	case cloud.Invalid, cloud.Conflict, cloud.QuotaExceeded, cloud.LimitExceeded, cloud.PermissionDenied, cloud.Unauthenticated:
		r.Status.NewSpace.Blocks = slices.DeleteFunc(r.Status.NewSpace.Blocks, func(x v1alpha1.MadeBlock) bool { return x.CIDR == b.String() })
	}
}

func nextStep(format string, args ...any) *Refusal {
	return &Refusal{Reason: v1alpha1.ReasonPending, Text: fmt.Sprintf(format, args...), Again: spacePause}
}

func (c *Controller) tellSpace(r *v1alpha1.RangeRequest, action, format string, args ...any) {
	c.Metrics.changed(r.Name, v1alpha1.ReasonSpaceAdded)
	c.Events.Eventf(r, nil, corev1.EventTypeNormal, v1alpha1.ReasonSpaceAdded, action, format, args...)
}

// moreSpace makes subnets where growth found these ones full.
func (c *Controller) moreSpace(ctx context.Context, r *v1alpha1.RangeRequest, full []string) *Refusal {
	n, vpc, no := c.network(ctx, r)
	if no != nil {
		return no
	}
	in, no := c.input(ctx, r, n, vpc)
	if no != nil {
		return no
	}
	return c.addSpace(ctx, r, in, FullZones(in, full), vpc)
}

// elsewhere says of a full subnet that new nodes have another.
func elsewhere(r *v1alpha1.RangeRequest, no *Refusal) *Refusal {
	said := *no
	said.Text += "; a node that waits there stays: make new ones in the subnets that were made for them (status.newSpace)"
	return &said
}

// removeSpace takes away what was made for a request that goes, once nothing
// is in it: the subnets by their mark, the blocks as they were recorded.
func (c *Controller) removeSpace(ctx context.Context, r *v1alpha1.RangeRequest, s cloud.Snapshot, vpc cloud.VPC) *Refusal {
	in := Input{Request: r, Snapshot: s, ClusterID: c.ClusterID}
	if vpc.NewSpace == nil || r.Status.NewSpace == nil && len(in.made()) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	for _, sub := range in.made() {
		if no := c.leads(ctx); no != nil {
			return no
		}
		log.FromContext(ctx).Info("removing a subnet that was made for the request", "subnet", sub.Name, "prefix", sub.Primary)
		err := vpc.NewSpace.RemoveSubnet(ctx, cloud.NewSubnet{Name: sub.Made, Zone: sub.Zone, Prefix: sub.Primary})
		if no := spaceStays(err, "delete the machines and load balancers that are in it"); no != nil {
			return no
		}
	}
	if r.Status.NewSpace == nil {
		return nil
	}
	for _, b := range r.Status.NewSpace.Blocks {
		p, err := netip.ParsePrefix(b.CIDR)
		if err != nil || b.Adopted {
			continue
		}
		if no := c.leads(ctx); no != nil {
			return no
		}
		log.FromContext(ctx).Info("removing a block that was added for the request", "block", p)
		if no := spaceStays(vpc.NewSpace.RemoveBlock(ctx, p), "delete the subnets that others have in it"); no != nil {
			return no
		}
	}
	return nil
}

func spaceStays(err error, remedy string) *Refusal {
	switch {
	case err == nil:
		return nil
	case cloud.Is(err, cloud.Conflict):
		no := refuse(v1alpha1.ReasonInUse, "deletion waits: %v; %s", err, remedy)
		no.Again = retrySoon
		return no
	}
	return refusedByCloud(err)
}
