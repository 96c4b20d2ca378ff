package ranges

import (
	"fmt"
	"net/netip"
	"slices"

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
	Request   *v1alpha1.RangeRequest
	Network   *v1alpha1.Network
	Snapshot  cloud.Snapshot
	Others    []v1alpha1.RangeRequest // all requests; the request itself is left out
	Refused   []netip.Prefix          // what the cloud would not give a moment ago
	ClusterID string
}

// Step is one range that the request is to have.
type Step struct {
	Range cloud.Range
	// Create tells that it is not in the VPC.
	Create bool
	// Chosen tells that the place was ours to choose, so that another may be
	// chosen when it is taken.
	Chosen bool
	Why    string
}

// Plan says which ranges the request is to have, subnet by subnet, or why it
// cannot have them. It is pure.
func Plan(in Input) ([]Step, *refusal) {
	subnets, no := in.subnets()
	if no != nil {
		return nil, no
	}
	var steps []Step
	for _, subnet := range subnets {
		more, no := in.subnet(subnet, steps)
		if no != nil {
			return nil, no
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

func (in Input) subnets() ([]cloud.Subnet, *refusal) {
	wanted := in.Request.Spec.Subnets
	var known []string
	var out []cloud.Subnet
	for _, s := range in.Snapshot.Subnets {
		known = append(known, s.Name)
		if len(wanted) == 0 || slices.Contains(wanted, s.Name) {
			out = append(out, s)
		}
	}
	for _, w := range wanted {
		if !slices.Contains(known, w) {
			return nil, refuse(v1alpha1.ReasonUnknownSubnet, "subnet %s is not one of Network %s's (%v); name one of them, or add it to the Network", w, in.Network.Name, known)
		}
	}
	if len(in.Request.Spec.CIDRs) > 0 && len(out) > 1 {
		return nil, refuse(v1alpha1.ReasonAmbiguousSubnet, "cidrs go to one subnet, and Network %s has %v; name one in subnets", in.Network.Name, known)
	}
	return out, nil
}

// subnet plans one subnet's ranges; before are the steps of the subnets
// planned already.
func (in Input) subnet(s cloud.Subnet, before []Step) ([]Step, *refusal) {
	had := in.granted(s)
	space := plan.Space{Supernets: parseAll(in.Network.Spec.Supernets), Occupied: in.occupied(s, before)}
	for _, r := range had {
		space.Granted = append(space.Granted, r.Prefix)
	}
	var steps []Step
	next := 0
	for _, a := range plan.Ranges(in.ask(), space) {
		if a.Verb == plan.Refuse {
			return nil, refuse(string(a.Reason), "%s", subject(a)+a.Why)
		}
		at := slices.IndexFunc(had, func(r cloud.Range) bool { return r.Prefix == a.Prefix })
		step := Step{Why: a.Why, Chosen: a.Reason == plan.Chosen}
		if at >= 0 {
			step.Range = had[at]
		} else {
			step.Range = cloud.Range{Subnet: s.Name, Prefix: a.Prefix, Name: in.freeName(s, had, &next)}
		}
		step.Create = !slices.Contains(s.Ranges, step.Range)
		if no := in.lost(step, at >= 0); no != nil {
			return nil, no
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func subject(a plan.Action) string {
	if !a.Prefix.IsValid() {
		return ""
	}
	return a.Prefix.String() + ": "
}

// lost refuses to put a range back that vanished from the VPC and whose
// place somebody else took meanwhile.
func (in Input) lost(s Step, granted bool) *refusal {
	if !s.Create || !granted {
		return nil
	}
	for _, o := range in.Snapshot.Occupied {
		if o.Prefix.Overlaps(s.Range.Prefix) {
			return refuse(v1alpha1.ReasonRangeMissing, "range %s (%s) of subnet %s was removed from the VPC by somebody else, and %s %s took its place; remove that, and the range is put back for the nodes that use it",
				s.Range.Name, s.Range.Prefix, s.Range.Subnet, o.Kind, o.Name)
		}
	}
	return nil
}

// granted is what the request has in the subnet: by its status, or by its
// mark on a range in the VPC, where the status was lost.
func (in Input) granted(s cloud.Subnet) []cloud.Range {
	var out []cloud.Range
	for _, g := range in.Request.Status.Ranges {
		if p, ok := prefixOf(g); ok && g.Subnet == s.Name {
			out = append(out, cloud.Range{Subnet: s.Name, Name: g.Name, Prefix: p})
		}
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
		ask.Capacity = &plan.Capacity{Nodes: int(spec.Capacity.Nodes), Pods: int(spec.Capacity.PodsPerNode)}
	}
	if n := spec.NodePrefixLength; n != nil && n.Type == intstr.Int {
		ask.NodeLength = int(n.IntVal)
	}
	return ask
}

// occupied is all that must not be carved: what the VPC has, what is
// reserved, what other requests were granted, what this plan takes, and what
// the request has in other subnets, also where it vanished from the VPC.
func (in Input) occupied(s cloud.Subnet, before []Step) []plan.Occupied {
	var out []plan.Occupied
	for _, o := range in.Snapshot.Occupied {
		out = append(out, plan.Occupied{Prefix: o.Prefix, What: fmt.Sprintf("%s %s", o.Kind, o.Name)})
	}
	for _, p := range in.Refused {
		out = append(out, plan.Occupied{Prefix: p, What: "being taken by somebody else"})
	}
	for _, b := range in.Network.Spec.Reserved {
		if p, err := netip.ParsePrefix(string(b.CIDR)); err == nil {
			out = append(out, plan.Occupied{Prefix: p, What: "reserved in Network " + in.Network.Name, Why: b.Reason})
		}
	}
	for _, other := range in.Others {
		if other.Name == in.Request.Name {
			continue
		}
		for _, g := range other.Status.Ranges {
			if p, ok := prefixOf(g); ok {
				out = append(out, plan.Occupied{Prefix: p, What: "granted to RangeRequest " + other.Name})
			}
		}
	}
	for _, g := range in.Request.Status.Ranges {
		if p, ok := prefixOf(g); ok && g.Subnet != s.Name {
			out = append(out, plan.Occupied{Prefix: p, What: "this request's range in subnet " + g.Subnet})
		}
	}
	for _, s := range before {
		out = append(out, plan.Occupied{Prefix: s.Range.Prefix, What: "this request's range in subnet " + s.Range.Subnet})
	}
	return out
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
