package ranges

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// ownerKind is the kind in the ownership marks of ranges.
const ownerKind = "RangeRequest"

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

// Plan says which ranges the request is to have, subnet by subnet, and why it
// cannot have those that are missing: a subnet that cannot serve it keeps it from
// none of the others. It is pure.
func Plan(in Input) ([]Step, *Refusal) {
	if in.judged == nil {
		in.judged = map[string]bool{}
	}
	if no := in.supported(); no != nil {
		return nil, no
	}
	if no := late(in.Request, in.Network); no != nil {
		return nil, no
	}
	if in.NoServices && in.Request.Spec.Purpose == v1alpha1.Services {
		return nil, NoServiceCIDRs()
	}
	switch {
	case in.Request.Spec.Purpose == v1alpha1.Proxy:
		return in.proxy()
	case in.apart():
		return in.planApart()
	}
	subnets, no := in.subnets()
	if no != nil {
		return nil, no
	}
	var steps []Step
	var left []Unserved
	for _, subnet := range subnets {
		more, no := in.subnet(subnet, steps, in.askIn(subnet))
		if no != nil && !in.passedOver(subnet, no) {
			left = append(left, Unserved{Subnet: subnet.Name, Refusal: *no})
		}
		steps = append(steps, more...)
	}
	steps, no = in.inMade(steps)
	if no != nil {
		return steps, no
	}
	return steps, partly(left, len(subnets))
}

// subnets gives the subnets that are to have ranges.
func (in Input) subnets() ([]cloud.Subnet, *Refusal) {
	wanted := in.Request.Spec.Subnets
	var known []string
	var out []cloud.Subnet
	for _, s := range in.Snapshot.Subnets {
		if s.Made != "" {
			continue // that of the request whose mark it has, and nobody else's
		}
		known = append(known, s.Name)
		if len(wanted) == 0 || slices.Contains(wanted, s.Name) {
			out = append(out, s)
		}
	}
	for _, x := range in.Request.Spec.SubnetSizes {
		if !slices.ContainsFunc(out, func(s cloud.Subnet) bool { return s.Name == x.Name }) {
			return nil, refuse(v1alpha1.ReasonUnknownSubnet, "subnetSizes names subnet %s, which is not one that the request selects (%v of Network %s); take it out there, or select it", x.Name, cmp.Or(strings.Join(wanted, " "), strings.Join(known, " ")), in.Network.Name)
		}
	}
	for _, w := range wanted {
		if !slices.Contains(known, w) {
			return nil, refuse(v1alpha1.ReasonUnknownSubnet, "subnet %s is not one of Network %s's (%v); name one of them, or add it to the Network", w, in.Network.Name, known)
		}
	}
	if in.inside() && len(in.Request.Spec.CIDRs) > 0 {
		return in.holding(out)
	}
	if len(wanted) == 0 && len(out) > 1 && (!in.shape().everySubnet || len(in.Request.Spec.CIDRs) > 0 && len(in.Request.Status.Ranges) > 0) {
		out = in.settled(out)
	}
	if len(in.Request.Spec.CIDRs) > 0 && len(out) > 1 {
		return nil, refuse(v1alpha1.ReasonAmbiguousSubnet, "cidrs go to one subnet, and Network %s has %v; name one in subnets", in.Network.Name, known)
	}
	if in.shape().oneSubnet && len(out) > 1 {
		return nil, refuse(v1alpha1.ReasonAmbiguousSubnet, "a range for %s is in one subnet, and subnets names %v; make a request for each", in.Request.Spec.Purpose, wanted)
	}
	return out, nil
}

func (in Input) shape() shape { return shapes[in.Request.Spec.Purpose] }

// settled gives the one subnet of a request that needs no more: where it has
// ranges already, however the Network's subnets are ordered now, or the first.
func (in Input) settled(subnets []cloud.Subnet) (out []cloud.Subnet) {
	for _, s := range subnets {
		if len(in.granted(s)) > 0 {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return subnets[:1]
	}
	return out
}

// subnet plans one subnet's ranges, of what is asked for there; before are the
// steps of the subnets planned already.
func (in Input) subnet(s cloud.Subnet, before []Step, ask plan.Request) ([]Step, *Refusal) {
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
			return nil, refuse(string(a.Reason), "%s", in.where(s)+subject(a)+a.Why)
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
func (in Input) step(s cloud.Subnet, a plan.Action, had []cloud.Range, next *int) (Step, *Refusal) {
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
		step.Create = !in.apart()
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
	if in.apart() {
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
	if in.apart() {
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
	return cloud.Owner{ClusterID: in.ClusterID, Kind: ownerKind, Name: in.Request.Name}
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

// ask puts the request into the planner's words.
func (in Input) ask() plan.Request {
	spec := in.Request.Spec
	ask := plan.Request{Family: prefix.IPv4}
	for _, c := range spec.CIDRs {
		ask.CIDRs = append(ask.CIDRs, string(c))
	}
	if spec.PrefixLength != nil {
		ask.PrefixLength = int(*spec.PrefixLength)
	}
	if spec.Capacity != nil {
		ask.Capacity = &plan.Capacity{Nodes: int(spec.Capacity.Nodes), Pods: int(spec.Capacity.PodsPerNode), Factor: in.Snapshot.Traits.PerPod(), Least: in.smallest(), LeastRange: in.Snapshot.Traits.SmallestRange}
	}
	if len(spec.CIDRs) == 0 && spec.PrefixLength == nil && spec.Capacity == nil {
		ask.PrefixLength = in.shape().length
	}
	if n := spec.NodePrefixLength; n != nil && n.Type == intstr.Int {
		ask.NodeLength = int(n.IntVal)
	}
	return ask
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
