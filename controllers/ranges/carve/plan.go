// Package carve decides about the ranges of RangeRequests: which of them there
// are to be and where, which further ones growth calls for and which go, what
// each feeds, and what in the VPC has no request any more. It is pure: it reads
// nothing and knows no time but what it is given, so that the command line
// plans what the manager does.
package carve

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// Input is all that a plan depends on.
type Input struct {
	Request  *v1alpha1.RangeRequest
	Network  *v1alpha1.Network
	Snapshot cloud.Snapshot
	Others   []v1alpha1.RangeRequest // all requests; the request itself is left out
	Services []ServiceBlock          // every ServiceCIDR of the cluster
	// NoServices is true if the API server has no ServiceCIDRs at all.
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
	out := plan.Space{Supernets: v1alpha1.ParseCIDRs(in.Network.Spec.Supernets), Occupied: in.occupied(s, before)}
	if in.inside() {
		out.Supernets = within(out.Supernets, s)
	}
	return out
}
