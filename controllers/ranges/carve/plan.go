// Package carve decides about the ranges of RangeRequests: which of them there
// are to be and where, which further ones growth calls for and which go, what
// each feeds, and what in the VPC has no request any more. It is pure: it reads
// nothing and knows no time but what it is given, so that the command line
// plans what the manager does.
package carve

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// OwnerKind is the kind in the ownership marks of ranges.
const OwnerKind = "RangeRequest"

// Input is all that a plan depends on.
type Input struct {
	Request  *v1alpha1.RangeRequest
	Network  *v1alpha1.Network
	Snapshot cloud.Snapshot
	Others   []v1alpha1.RangeRequest // all requests; the request itself is left out
	Services []ServiceBlock          // every ServiceCIDR of the cluster
	// NoServices tells that the API server has no ServiceCIDRs at all.
	NoServices bool
	// Now is when it is planned: what the cloud refused is tried again in time.
	Now time.Time
	// Nodes are the cluster's: what they publish is in use, by whomever it was
	// given to them.
	Nodes []*corev1.Node
	// Beside are the other Networks of the same VPC: what they reserve is
	// reserved.
	Beside    []v1alpha1.Network
	ClusterID string

	judged map[string]bool // whether each older request could be granted, by name
}

// Step is one range that the request is to have.
type Step struct {
	Range cloud.Range
	// Create tells that it is not in the VPC.
	Create bool
	// Chosen tells that the place was ours to choose, so that another may be
	// chosen when it is taken.
	Chosen bool
	// Adopted tells that it is in the VPC, and not by our hand.
	Adopted bool
	// Grown tells that growth carved it.
	Grown bool
	// Made tells that its subnet was made for the request.
	Made bool
	Why  string
}

// String says what is done, and why.
func (s Step) String() string {
	verb := "use"
	switch {
	case s.Create:
		verb = "create"
	case s.Adopted:
		verb = "adopt"
	}
	where := ""
	if s.Range.Subnet != "" {
		where = " in subnet " + s.Range.Subnet
	}
	return fmt.Sprintf("%s %s%s as %s: %s", verb, s.Range.Prefix, where, s.Range.Name, s.Why)
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

// Plan says which ranges the request is to have, subnet by subnet, and why it
// cannot have those that are missing, also by subnet: one that cannot serve it
// keeps it from none of the others.
func Plan(in Input) ([]Step, []v1alpha1.UnservedSubnet, *conditions.Refusal) {
	if in.judged == nil {
		in.judged = map[string]bool{}
	}
	if no := cmp.Or(in.supported(), Late(in.Request, in.Network)); no != nil {
		return nil, nil, no
	}
	var steps []Step
	var no *conditions.Refusal
	switch {
	case in.NoServices && in.Request.Spec.Purpose == v1alpha1.Services:
		no = NoServiceCIDRs()
	case in.Request.Spec.Purpose == v1alpha1.Proxy:
		steps, no = in.proxy()
	case in.Apart():
		steps, no = in.planApart()
	default:
		return in.planSubnets()
	}
	return steps, nil, no
}

// planSubnets plans ranges of node subnets.
func (in Input) planSubnets() ([]Step, []v1alpha1.UnservedSubnet, *conditions.Refusal) {
	subnets, no := in.subnets()
	if no != nil {
		return nil, nil, no
	}
	var steps []Step
	var left []unserved
	for _, subnet := range subnets {
		more, no := in.subnet(subnet, steps, in.askIn(subnet))
		if no != nil && !in.passedOver(subnet, no) {
			left = append(left, unserved{subnet.Name, no})
		}
		steps = append(steps, more...)
	}
	steps, no = in.inMade(steps)
	if no != nil {
		return steps, nil, no
	}
	return steps, statusOf(left), partly(left, len(subnets))
}

// subnet plans one subnet's ranges, of what is asked for there; before are the
// steps of the subnets planned already.
func (in Input) subnet(s cloud.Subnet, before []Step, ask plan.Request) ([]Step, *conditions.Refusal) {
	had := in.granted(s)
	if no := in.supernetsRefused(); no != nil {
		return nil, no
	}
	if no := in.stillRefused(ask); no != nil {
		return nil, no
	}
	space := in.space(s, before)
	space.Occupied = append(space.Occupied, in.ofVPC(len(in.Request.Spec.CIDRs) == 0)...)
	for _, r := range had {
		space.Granted = append(space.Granted, r.Prefix)
	}
	var steps []Step
	next := 0
	for _, a := range in.actions(ask, s, space) {
		if a.Verb == plan.Refuse {
			return nil, conditions.Refuse(string(a.Reason), "%s", in.where(s)+subject(a)+a.Why)
		}
		step, no := in.step(s, a, had, &next)
		if no != nil {
			return nil, no
		}
		steps = append(steps, step)
	}
	if no := in.tooMany(s, steps); no != nil {
		return nil, no
	}
	return in.feeding(s, steps)
}

// space is where the subnet's ranges may go, and what is in the way.
func (in Input) space(s cloud.Subnet, before []Step) plan.Space {
	out := plan.Space{Supernets: parseAll(in.Network.Spec.Supernets), Occupied: in.occupied(s, before)}
	if in.inside() {
		out.Supernets = within(out.Supernets, s)
	}
	return out
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
			return Step{Range: found, Adopted: true, Why: "the request names it, and it was in the VPC before"}, nil
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
		step.Range, step.Create, step.Why = renamed, false, "it has another name now, and the same block"
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

// mustHaveGrown tells of a range that only its mark shows to be the
// request's: one beyond what the request asks for came of growth.
func (in Input) mustHaveGrown(s cloud.Subnet, a plan.Action) bool {
	if in.Request.Spec.Growth == nil || in.names(a.Prefix) {
		return false
	}
	first := func(g v1alpha1.GrantedRange) bool { return g.Subnet == s.Name && !g.Grown }
	return a.Reason == plan.Unwanted || slices.ContainsFunc(in.Request.Status.Ranges, first)
}

func (in Input) status(r cloud.Range) (v1alpha1.GrantedRange, bool) {
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && p == r.Prefix && g.Subnet == r.Subnet {
			return g, true
		}
	}
	return v1alpha1.GrantedRange{}, false
}

func subject(a plan.Action) string {
	if !a.Prefix.IsValid() {
		return ""
	}
	return a.Prefix.String() + ": "
}

// granted is what the request has in the subnet: by its status, or by its
// mark on a range in the VPC, where the status was lost.
func (in Input) granted(s cloud.Subnet) []cloud.Range {
	var out []cloud.Range
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && g.Subnet == s.Name {
			out = append(out, cloud.Range{Subnet: s.Name, Name: g.Name, Prefix: p})
		}
	}
	if in.Apart() {
		return in.served(out)
	}
	owner := in.owner()
	for _, r := range s.Ranges {
		known := slices.ContainsFunc(out, func(o cloud.Range) bool { return o.Prefix == r.Prefix })
		if cloud.ParseMark(r.Name).Of(owner) && !known {
			out = append(out, r)
		}
	}
	return out
}

func (in Input) owner() cloud.Owner {
	return cloud.Owner{ClusterID: in.ClusterID, Kind: OwnerKind, Name: in.Request.Name}
}

// freeName gives the lowest name of ours that the subnet does not know; next
// counts up within one plan.
func (in Input) freeName(s cloud.Subnet, had []cloud.Range, next *int) string {
	for ; ; *next++ {
		name := in.owner().ObjectName(*next)
		taken := func(r cloud.Range) bool { return r.Name == name }
		if !slices.ContainsFunc(s.Ranges, taken) && !slices.ContainsFunc(had, taken) {
			*next++
			return name
		}
	}
}

func parseAll(cidrs []v1alpha1.CIDR) []netip.Prefix {
	var out []netip.Prefix
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(string(c)); err == nil {
			out = append(out, p)
		}
	}
	return out
}
