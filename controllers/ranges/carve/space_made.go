package carve

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// passedOver is true for a subnet that has no room for the request's first range:
// it gets none, and one is made in a new subnet of its zone.
func (in Input) passedOver(s cloud.Subnet, no *conditions.Refusal) bool {
	return in.Request.Spec.NewSubnets != nil && no.Reason == v1alpha1.ReasonNoSpace && len(in.granted(s)) == 0
}

// Made are the subnets that were made for the request.
func (in Input) Made() (out []cloud.Subnet) {
	for _, s := range in.Snapshot.Subnets {
		if cloud.ParseMark(s.Made).Of(in.owner()) {
			out = append(out, s)
		}
	}
	return out
}

// inMade plans the ranges of the subnets that were made for the request, after
// those of the others.
func (in Input) inMade(steps []Step) ([]Step, *conditions.Refusal) {
	for _, s := range in.Made() {
		more, no := in.subnet(s, steps, plan.Request{Family: prefix.IPv4, PrefixLength: in.furtherLength()})
		if no != nil {
			return nil, no
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// claimedIn returns the subnet that was claimed in the zone and the block and is
// not there yet, and why it was; it is empty where there is none.
func (in Input) claimedIn(zone string, b netip.Prefix) (s cloud.NewSubnet, why string) {
	for _, s := range in.Request.Status.Made().Subnets {
		if p, err := netip.ParsePrefix(s.CIDR); err == nil && s.Subnet == "" && s.Zone == zone && prefix.Contains(b, p) {
			return cloud.NewSubnet{Name: s.Name, Zone: zone, Prefix: p}, s.Reason
		}
	}
	return s, ""
}

func (in Input) recorded(b netip.Prefix) bool {
	return slices.ContainsFunc(in.Request.Status.Made().Blocks, func(x v1alpha1.MadeBlock) bool { return x.CIDR == b.String() })
}

// freeSubnetName is the lowest name of ours that no subnet has, nor a claim.
func (in Input) freeSubnetName() string {
	for n := 0; ; n++ {
		name := in.owner().RoleName(fmt.Sprintf("subnet%d", n))
		claimed := slices.ContainsFunc(in.Request.Status.Made().Subnets, func(x v1alpha1.MadeSubnet) bool { return x.Name == name })
		if !claimed && !slices.ContainsFunc(in.Snapshot.Subnets, func(s cloud.Subnet) bool { return s.Made == name }) {
			return name
		}
	}
}

// MadeSpace is what the VPC shows of the subnets that were made for the request,
// and the claims that are still wanted and whose place nothing has; nil where
// there is neither.
func MadeSpace(in Input) *v1alpha1.MadeSpace {
	had, made := in.Request.Status.Made(), in.Made()
	if in.Request.Status.NewSubnets == nil && len(made) == 0 {
		return nil
	}
	now := v1alpha1.MadeSpace{Blocks: had.Blocks}
	why := map[string]string{}
	for _, s := range had.Subnets {
		why[s.Name] = s.Reason
	}
	for _, s := range made {
		now.Subnets = append(now.Subnets, v1alpha1.MadeSubnet{Subnet: s.Name, Name: s.Made, Zone: s.Zone, CIDR: s.Primary.String(), Reason: why[s.Made]})
	}
	if in.Request.Spec.NewSubnets != nil {
		now.Subnets = append(now.Subnets, slices.DeleteFunc(slices.Clone(had.Subnets), func(x v1alpha1.MadeSubnet) bool {
			return x.Subnet != "" || in.takenSubnet(x)
		})...)
	}
	return &now
}

// takenSubnet is true for a claimed subnet that is there, or whose place is taken.
func (in Input) takenSubnet(x v1alpha1.MadeSubnet) bool {
	p, err := netip.ParsePrefix(x.CIDR)
	return err != nil || slices.ContainsFunc(in.Snapshot.Occupied, func(o cloud.Occupied) bool { return o.Prefix.Overlaps(p) }) ||
		slices.ContainsFunc(in.Made(), func(s cloud.Subnet) bool { return s.Made == x.Name })
}
