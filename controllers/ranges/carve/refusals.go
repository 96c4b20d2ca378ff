package carve

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// supported refuses families that cannot be carved. With IPv6 beside it, IPv4
// is what is carved: a node's IPv6 comes with its interface.
func (in Input) supported() *conditions.Refusal {
	r, traits := in.Request, in.Snapshot.Traits
	if no := cmp.Or(in.routesSupported(), in.spaceSupported()); no != nil {
		return no
	}
	if !slices.Contains(r.Spec.IPFamilies, v1alpha1.IPv4) {
		return conditions.Refuse(v1alpha1.ReasonUnsupported, "ipFamilies %v are not supported: a node's IPv6 range comes with its interface, next to an IPv4 range; create a new request with [IPv4, IPv6] or [IPv6, IPv4]", r.Spec.IPFamilies)
	}
	if least := in.smallest(); least > 0 && r.Spec.Purpose == v1alpha1.Pods {
		if n := smallestAsked(r); n > least {
			return conditions.Refuse(string(plan.InvalidSize), "a /%d is too small: on this cloud an interface gets at least a /%d; request that or more", n, least)
		}
	}
	if least := traits.SmallestRange; least > 0 && r.Spec.Purpose != v1alpha1.Proxy {
		if n := smallestRangeAsked(r); n > least {
			return conditions.Refuse(string(plan.InvalidSize), "a range of /%d is too small: on this cloud the smallest %s is a /%d; request that or more", n, traits.RangeNoun(), least)
		}
	}
	return nil
}

// routesSupported refuses ranges by routes that nobody could have.
func (in Input) routesSupported() *conditions.Refusal {
	r := in.Request
	if r.Spec.Attachment == v1alpha1.AttachRoutes && slices.Contains(r.Spec.IPFamilies, v1alpha1.IPv6) {
		return conditions.Refuse(v1alpha1.ReasonUnsupported, "attachment Routes supports IPv4 only, and ipFamilies are %v: a node's IPv6 addresses are in its subnet, where no per-node route can lead; create a new request with [IPv4], or without attachment", r.Spec.IPFamilies)
	}
	if r.Spec.Attachment == v1alpha1.AttachRoutes && !in.Snapshot.Traits.Routes {
		return conditions.Refuse(v1alpha1.ReasonUnsupported, "attachment Routes is not supported on this cloud; create a new request without attachment")
	}
	if in.routed() && (r.Spec.NodePrefixLength == nil || r.Spec.NodePrefixLength.Type != intstr.Int) {
		return conditions.Refuse(string(plan.InvalidSize), "attachment Routes needs nodePrefixLength as a number: in a route table only node CIDRs of one size never overlap; create a new request with it")
	}
	return nil
}

// smallestAsked is the length of the smallest block that the request names.
func smallestAsked(r *v1alpha1.RangeRequest) (length int) {
	for _, n := range []*int32{r.Spec.PrefixLength, r.Spec.MinNodePrefixLength} {
		if n != nil {
			length = max(length, int(*n))
		}
	}
	if n := r.Spec.NodePrefixLength; n != nil && n.Type == intstr.Int {
		length = max(length, int(n.IntVal))
	}
	for _, x := range r.Spec.SubnetSizes {
		length = max(length, int(x.PrefixLength))
	}
	for _, p := range v1alpha1.ParseCIDRs(r.Spec.CIDRs) {
		length = max(length, p.Bits())
	}
	return length
}

// smallestRangeAsked is the length of the smallest whole range that the request
// names.
func smallestRangeAsked(r *v1alpha1.RangeRequest) (length int) {
	if n := r.Spec.PrefixLength; n != nil {
		length = max(length, int(*n))
	}
	if g := r.Spec.Growth; g != nil && g.PrefixLength != nil {
		length = max(length, int(*g.PrefixLength))
	}
	for _, p := range v1alpha1.ParseCIDRs(r.Spec.CIDRs) {
		length = max(length, p.Bits())
	}
	return length
}

// late refuses a request that has nothing yet where its Network goes: the
// Network may not have seen it, and not wait for it.
func Late(r *v1alpha1.RangeRequest, n *v1alpha1.Network) *conditions.Refusal {
	if n.DeletionTimestamp.IsZero() || slices.Contains(r.Finalizers, v1alpha1.Finalizer) {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonBeingDeleted, "Network %s is being deleted, so nothing new is carved from it; delete this request too, or create one for another Network", n.Name)
}

// tooMany refuses more ranges than the cloud allows a subnet, before the first of
// them is made.
func (in Input) tooMany(s cloud.Subnet, steps []Step) *conditions.Refusal {
	more := 0
	for _, step := range steps {
		if step.Create {
			more++
		}
	}
	if s.MaxRanges == 0 || more == 0 || len(s.Ranges)+more <= s.MaxRanges {
		return nil
	}
	return conditions.Refuse(string(cloud.LimitExceeded), "subnet %s needs %d more %ss but has %d of the %d that the cloud allows; delete some, or use another node subnet",
		s.Name, more, in.Snapshot.Traits.RangeNoun(), len(s.Ranges), s.MaxRanges)
}
