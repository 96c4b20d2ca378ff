package carve

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// PutBack returns the ranges that the request was granted, that vanished from
// the VPC and can be made again where they were: nodes and Services use them,
// whatever else the request asks for and cannot have. It is pure.
func PutBack(in Input) (steps []Step) {
	if in.Request.Spec.Purpose == v1alpha1.Proxy {
		return nil
	}
	for _, s := range in.Snapshot.Subnets {
		for _, g := range in.Request.Status.Ranges {
			p, ok := g.Prefix()
			step := Step{Range: cloud.Range{Subnet: s.Name, Name: g.Name, Prefix: p}, Create: true, Adopted: g.Adopted, Grown: g.Grown, Why: g.Reason}
			if ok && g.Subnet == s.Name && !g.Leaving && !g.Claimed() && !slices.Contains(s.Ranges, step.Range) && in.lost(s, step) == nil {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// TakeUp returns the ranges that are in the VPC, and that only their mark shows to
// be the request's: its status was lost, or a manager that was paused made one
// after it was given up. It is pure.
func TakeUp(in Input) (steps []Step) {
	if in.Request.Spec.Purpose == v1alpha1.Proxy {
		return nil
	}
	for _, s := range in.Snapshot.Subnets {
		for _, r := range in.granted(s) {
			if _, known := in.status(r); !known {
				steps = append(steps, Step{Range: r, Grown: in.mustHaveGrown(s, plan.Action{Prefix: r.Prefix}), Why: "its ownership mark says that it was created for this request"})
			}
		}
	}
	return steps
}

// TakenOver returns the ranges of the request that the VPC does not have any more,
// and that a range of somebody else overlaps. It is pure.
func TakenOver(r *v1alpha1.RangeRequest, s cloud.Snapshot) (out []netip.Prefix) {
	for _, g := range r.Status.Ranges {
		p, ok := g.Prefix()
		at, known := Input{Snapshot: s}.subnetNamed(g.Subnet)
		if !ok || !known || slices.Contains(at.Ranges, cloud.Range{Subnet: g.Subnet, Name: g.Name, Prefix: p}) {
			continue
		}
		if slices.ContainsFunc(s.Occupied, func(o cloud.Occupied) bool { return o.Kind.IsRange() && o.Prefix.Overlaps(p) }) {
			out = append(out, p)
		}
	}
	return out
}

// lost refuses to put a range back that vanished from the VPC, where it was
// not ours to make, or somebody else took its place meanwhile.
func (in Input) lost(at cloud.Subnet, s Step) *conditions.Refusal {
	if !s.Create {
		return nil
	}
	o, taken := in.taken(s.Range.Prefix, at)
	if s.Adopted {
		has := ""
		if taken {
			has = fmt.Sprintf(", and %s %s (%s) uses its block now: remove that", o.Kind, o.Name, o.Prefix)
		}
		return conditions.Refuse(v1alpha1.ReasonRangeMissing, "range %s (%s) of subnet %s was adopted and has been removed from the VPC by another party%s; recreate a range with that block, under any name",
			s.Range.Name, s.Range.Prefix, s.Range.Subnet, has)
	}
	if !taken {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonRangeMissing, "range %s (%s) of subnet %s has been removed from the VPC by another party, and %s %s took its place; remove that, and the range is recreated for the nodes that use it",
		s.Range.Name, s.Range.Prefix, s.Range.Subnet, o.Kind, o.Name)
}

// taken finds what overlaps the place of a range in a subnet, but for what has the
// subnet in it, where ranges lie inside of subnets.
func (in Input) taken(p netip.Prefix, at cloud.Subnet) (by cloud.Occupied, ok bool) {
	i := slices.IndexFunc(in.Snapshot.Occupied, func(o cloud.Occupied) bool {
		return o.Prefix.Overlaps(p) && !(in.inside() && o.Encloses(at))
	})
	if i < 0 {
		return by, false
	}
	return in.Snapshot.Occupied[i], true
}
