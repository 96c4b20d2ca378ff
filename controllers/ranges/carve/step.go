package carve

import (
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// Step is one range that the request is to have.
type Step struct {
	Range cloud.Range
	// Create is true if it is not in the VPC.
	Create bool
	// Chosen is true if the place was ours to choose, so that another may be
	// chosen when it is taken.
	Chosen bool
	// Adopted is true if it is in the VPC, and not by our hand.
	Adopted bool
	// Grown is true if growth carved it.
	Grown bool
	// Made is true if its subnet was made for the request.
	Made bool
	Why  string
}

// Verb is what is done: the range is carved, adopted or kept.
func (s Step) Verb() string {
	switch {
	case s.Create:
		return "carve"
	case s.Adopted:
		return "adopt"
	}
	return "keep"
}

// String is what is done, and why.
func (s Step) String() string {
	where := ""
	if s.Range.Subnet != "" {
		where = " in subnet " + s.Range.Subnet
	}
	return fmt.Sprintf("%s %s%s as %s: %s", s.Verb(), s.Range.Prefix, where, s.Range.Name, s.Why)
}

// Record notes the step in the status; what else the status knows of the range
// stays.
func (s Step) Record(r *v1alpha1.RangeRequest, is v1alpha1.RangeState) {
	g := r.Status.Range(s.Range.Prefix)
	if g == nil {
		r.Status.Ranges = append(r.Status.Ranges, v1alpha1.GrantedRange{
			CIDR: s.Range.Prefix.String(), Reason: s.Why, Adopted: s.Adopted, Grown: s.Grown})
		g = &r.Status.Ranges[len(r.Status.Ranges)-1]
	}
	g.State, g.Subnet, g.Name, g.MadeSubnet = is, s.Range.Subnet, s.Range.Name, g.MadeSubnet || s.Made
}

// step turns one action of the planner into a step in the VPC.
func (in Input) step(s cloud.Subnet, a plan.Action, had []cloud.Range, next *int) (Step, *conditions.Refusal) {
	step := Step{Why: a.Why, Chosen: a.Reason == plan.Chosen, Made: s.Made != ""}
	at := slices.IndexFunc(had, func(r cloud.Range) bool { return r.Prefix == a.Prefix })
	if at < 0 {
		if no := in.contested(a.Prefix); no != nil {
			return step, no
		}
		if found, ok := adoptable(s, a.Prefix); ok {
			return Step{Range: found, Adopted: true, Why: "the request lists it, and it exists in the VPC already"}, nil
		}
		step.Range = cloud.Range{Subnet: s.Name, Prefix: a.Prefix, Name: in.freeName(s, had, next)}
		step.Create = !in.Apart()
		return step, nil
	}
	step.Range = had[at]
	status, known := in.status(had[at])
	step.Adopted = status.Adopted
	step.Grown = status.Grown || !known && in.mustHaveGrown(s, a)
	step.Create = !slices.Contains(s.Ranges, step.Range) && !status.Leaving
	if renamed, ok := adoptable(s, a.Prefix); ok && step.Adopted && step.Create {
		step.Range, step.Create, step.Why = renamed, false, "the same block under a new name"
	}
	step.Chosen = status.Claimed() && !in.names(step.Range.Prefix)
	if in.Apart() {
		step.Create = false
		return step, in.overlaid(step.Range.Prefix)
	}
	if status.Claimed() {
		return step, nil
	}
	return step, in.lost(s, step)
}

// mustHaveGrown is true for a range that only its mark shows to be the
// request's: one beyond what the request asks for came of growth.
func (in Input) mustHaveGrown(s cloud.Subnet, a plan.Action) bool {
	if in.Request.Spec.Growth == nil || in.names(a.Prefix) {
		return false
	}
	first := func(g v1alpha1.GrantedRange) bool { return g.Subnet == s.Name && !g.Grown }
	return a.Reason == plan.Unwanted || slices.ContainsFunc(in.Request.Status.Ranges, first)
}

func subject(a plan.Action) string {
	if !a.Prefix.IsValid() {
		return ""
	}
	return a.Prefix.String() + ": "
}
