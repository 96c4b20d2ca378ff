package carve

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// shape is what a purpose means to a plan.
type shape struct {
	// length is that of the range where the request gives no size; 0 where it
	// has to give one.
	length int
	// everySubnet gives each subnet of the Network a range; otherwise the
	// first gets one, unless the request names others.
	everySubnet bool
	// oneSubnet allows the request to name only one.
	oneSubnet bool
}

// shapes has every purpose. The range of Proxy is a subnet of its own, those
// of the others are ranges of subnets of nodes.
var shapes = map[v1alpha1.Purpose]shape{
	v1alpha1.Pods:     {everySubnet: true},
	v1alpha1.Services: {length: 20, oneSubnet: true}, // 4,096 addresses, as GKE has it
	v1alpha1.Custom:   {},
	v1alpha1.Proxy:    {length: 23}, // 512 addresses, what Google advises to start with
}

// subnets returns the subnets that are to have ranges.
func (in Input) subnets() ([]cloud.Subnet, *conditions.Refusal) {
	out, known, no := in.selected()
	if no != nil {
		return nil, no
	}
	named := len(in.Request.Spec.CIDRs) > 0
	if in.inside() && named {
		return in.holding(out)
	}
	wanted := in.Request.Spec.Subnets
	if len(wanted) == 0 && len(out) > 1 && (!in.shape().everySubnet || named && len(in.Request.Status.Ranges) > 0) {
		out = in.settled(out)
	}
	if named && len(out) > 1 {
		return nil, conditions.Refuse(v1alpha1.ReasonAmbiguousSubnet, "cidrs are for one subnet, and Network %s has %v; set subnets to one of them", in.Network.Name, known)
	}
	if in.shape().oneSubnet && len(out) > 1 {
		return nil, conditions.Refuse(v1alpha1.ReasonAmbiguousSubnet, "a range for %s is in one subnet, and subnets lists %v; create a request for each", in.Request.Spec.Purpose, wanted)
	}
	return out, nil
}

// selected returns the subnets that the request selects, and the names of all that
// the Network has.
func (in Input) selected() (out []cloud.Subnet, known []string, no *conditions.Refusal) {
	wanted := in.Request.Spec.Subnets
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
			return nil, nil, conditions.Refuse(v1alpha1.ReasonUnknownSubnet, "subnetSizes lists subnet %s, which the request does not select (%v of Network %s); remove it there, or select it", x.Name, cmp.Or(strings.Join(wanted, " "), strings.Join(known, " ")), in.Network.Name)
		}
	}
	for _, w := range wanted {
		if !slices.Contains(known, w) {
			return nil, nil, conditions.Refuse(v1alpha1.ReasonUnknownSubnet, "subnet %s is not a subnet of Network %s (%v); use one of those, or add it to the Network", w, in.Network.Name, known)
		}
	}
	return out, known, nil
}

func (in Input) shape() shape { return shapes[in.Request.Spec.Purpose] }

// settled returns the one subnet of a request that needs no more: where it has
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

// sizeIn is the size that the request says for one subnet; 0 is none.
func (in Input) sizeIn(s cloud.Subnet) int {
	for _, x := range in.Request.Spec.SubnetSizes {
		if x.Name == s.Name {
			return int(x.PrefixLength)
		}
	}
	return 0
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
