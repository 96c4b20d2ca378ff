package ranges

import (
	"cmp"
	"context"
	"net/netip"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// removeSpace takes away what was made for a request that goes, once nothing
// is in it: the subnets by their mark, the blocks as they were recorded.
func (c *Controller) removeSpace(ctx context.Context, r *v1alpha1.RangeRequest, s cloud.Snapshot, vpc cloud.VPC) *conditions.Refusal {
	in := carve.Input{Request: r, Snapshot: s, ClusterID: c.ClusterID}
	if vpc.NewSpace == nil || r.Status.NewSubnets == nil && len(in.Made()) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	defer c.Space.Changed(vpc.Place)
	for _, sub := range in.Made() {
		if no := c.leads(ctx); no != nil {
			return no
		}
		log.FromContext(ctx).Info("removing a subnet that was made for the request", "subnet", sub.Name, "prefix", sub.Primary)
		err := vpc.NewSpace.RemoveSubnet(ctx, cloud.NewSubnet{Name: sub.Made, Zone: sub.Zone, Prefix: sub.Primary})
		if no := spaceStays(ctx, err, "delete the machines and load balancers that are in it"); no != nil {
			return no
		}
	}
	for _, b := range r.Status.Made().Blocks {
		p, err := netip.ParsePrefix(b.CIDR)
		if err != nil || b.Adopted {
			continue
		}
		if no := c.leads(ctx); no != nil {
			return no
		}
		log.FromContext(ctx).Info("removing a block that was added for the request", "block", p)
		if no := spaceStays(ctx, vpc.NewSpace.RemoveBlock(ctx, p), "delete the other subnets in it"); no != nil {
			return no
		}
	}
	return nil
}

func spaceStays(ctx context.Context, err error, remedy string) *conditions.Refusal {
	switch {
	case err == nil:
		return nil
	case cloud.Is(err, cloud.Conflict):
		no := conditions.Refuse(v1alpha1.ReasonInUse, "deletion waits: %v; %s", err, remedy)
		no.Again = carve.RetrySoon
		return no
	}
	return cmp.Or(underWay(ctx, "the subnets and blocks for new nodes are being removed"), conditions.FromCloud(err))
}
