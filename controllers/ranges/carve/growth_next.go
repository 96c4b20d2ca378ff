package carve

import (
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Next returns what growth would carve next in each subnet, whether it may have
// more or not; has is how many ranges the subnet has. It is pure.
func Next(r *v1alpha1.RangeRequest) (out []Further, has []int) {
	g := r.Spec.Growth
	if g == nil {
		return nil, nil
	}
	for _, s := range (GrowthInput{Request: r}).subnets() {
		why := fmt.Sprintf("once %d%% are in use", g.Threshold)
		switch {
		case r.Spec.Purpose != v1alpha1.Pods:
		case g.WaitingNodes <= 1:
			why += " or a node waits"
		default:
			why += fmt.Sprintf(" or %d nodes wait", g.WaitingNodes)
		}
		out, has = append(out, Further{Subnet: s.name, Length: s.length, Why: why}), append(has, len(s.all))
	}
	return out, has
}

// PlanFurther says where a further range of a request that grows goes, or why
// it cannot. It is pure.
func PlanFurther(in Input, f Further) (Step, *conditions.Refusal) {
	s, no := in.further(f)
	if no != nil {
		return Step{}, no
	}
	had := in.granted(s)
	if no := in.supernetsRefused(); no != nil {
		return Step{}, no
	}
	if s.MaxRanges > 0 && len(s.Ranges) >= s.MaxRanges {
		return Step{}, conditions.Refuse(string(cloud.LimitExceeded), "subnet %s needs another range (%s) but already has %d %ss, as many as the cloud allows; delete some, or add another node subnet to the Network",
			s.Name, f.Why, len(s.Ranges), in.Snapshot.Traits.RangeNoun())
	}
	if no := in.noMoreRoutes(f); no != nil {
		return Step{}, no
	}
	space := in.space(s, nil)
	space.Occupied = append(space.Occupied, in.ofVPC(true)...)
	for _, r := range had {
		space.Occupied = append(space.Occupied, plan.Occupied{Prefix: r.Prefix, What: "this request's range in subnet " + s.Name})
	}
	a := in.actions(plan.Request{Family: prefix.IPv4, PrefixLength: f.Length}, s, space)[0]
	if a.Verb == plan.Refuse {
		return Step{}, conditions.Refuse(string(a.Reason), "%s needs another range (%s): %s", Place(s.Name), f.Why, a.Why)
	}
	next := 0
	return Step{
		Range:  cloud.Range{Subnet: s.Name, Prefix: a.Prefix, Name: in.freeName(s, had, &next)},
		Create: !in.Apart(), Chosen: true, Grown: true, Made: s.Made != "", Why: f.Why + "; " + a.Why,
	}, nil
}

// further returns the subnet that is to have one more range.
func (in Input) further(f Further) (cloud.Subnet, *conditions.Refusal) {
	if in.Apart() {
		return cloud.Subnet{}, nil
	}
	s, known := in.subnetNamed(f.Subnet)
	if !known {
		return s, conditions.Refuse(v1alpha1.ReasonUnknownSubnet, "subnet %s is no longer a subnet of Network %s", f.Subnet, in.Network.Name)
	}
	return s, nil
}

func (in Input) subnetNamed(name string) (s cloud.Subnet, ok bool) {
	at := slices.IndexFunc(in.Snapshot.Subnets, func(s cloud.Subnet) bool { return s.Name == name })
	if at < 0 {
		return s, false
	}
	return in.Snapshot.Subnets[at], true
}
