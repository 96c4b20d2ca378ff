package ranges

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// supported refuses families that cannot be carved. With IPv6 beside it, IPv4
// is what is carved: a node's IPv6 comes with its interface.
func (in Input) supported() *Refusal {
	r, traits := in.Request, in.Snapshot.Traits
	if r.Spec.Attachment == v1alpha1.AttachRoutes && slices.Contains(r.Spec.IPFamilies, v1alpha1.IPv6) {
		return refuse(v1alpha1.ReasonUnsupported, "attachment Routes gives a node IPv4 only, and ipFamilies are %v: a node's IPv6 lies in its subnet, where no route of a node's own can lead; ask for [IPv4], or leave attachment out, in a new request", r.Spec.IPFamilies)
	}
	if r.Spec.Attachment == v1alpha1.AttachRoutes && !traits.Routes {
		return refuse(v1alpha1.ReasonUnsupported, "attachment Routes is not provided on this cloud; leave attachment out in a new request")
	}
	if r.Spec.NewSubnets != nil {
		if no := in.newSpaceSupported(); no != nil {
			return no
		}
	}
	if in.routed() && (r.Spec.NodePrefixLength == nil || r.Spec.NodePrefixLength.Type != intstr.Int) {
		return refuse(string(plan.InvalidSize), "attachment Routes needs nodePrefixLength as a number: only ranges of one size keep out of each other's way in a route table; say it in a new request")
	}
	if !slices.Contains(r.Spec.IPFamilies, v1alpha1.IPv4) {
		return refuse(v1alpha1.ReasonUnsupported, "ipFamilies %v are not provided: a node's IPv6 range comes with its interface and beside an IPv4 one; ask for [IPv4, IPv6] or [IPv6, IPv4] in a new request", r.Spec.IPFamilies)
	}
	if least := in.smallest(); least > 0 && r.Spec.Purpose == v1alpha1.Pods {
		if n := smallestAsked(r); n > least {
			return refuse(string(plan.InvalidSize), "a /%d is asked for, and this cloud gives an interface no less than a /%d; ask for that or more", n, least)
		}
	}
	if least := traits.SmallestRange; least > 0 && r.Spec.Purpose != v1alpha1.Proxy {
		if n := smallestRangeAsked(r); n > least {
			return refuse(string(plan.InvalidSize), "a range of /%d is asked for, and this cloud has no %s smaller than a /%d; ask for that or more", n, traits.RangeNoun(), least)
		}
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
	for _, p := range parseAll(r.Spec.CIDRs) {
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
	for _, p := range parseAll(r.Spec.CIDRs) {
		length = max(length, p.Bits())
	}
	return length
}

// invalid refuses a spec that is wrong where the schema could not tell. What was
// granted stays, and serves on.
func invalid(r *v1alpha1.RangeRequest) *Refusal {
	if err := r.Spec.Validate(); err != nil {
		return refuse(v1alpha1.ReasonInvalidSpec, "spec.%v", err)
	}
	return nil
}

// late refuses a request that has nothing yet where its Network goes: the
// Network may not have seen it, and not wait for it.
func late(r *v1alpha1.RangeRequest, n *v1alpha1.Network) *Refusal {
	if n.DeletionTimestamp.IsZero() || controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer) {
		return nil
	}
	return refuse(v1alpha1.ReasonBeingDeleted, "Network %s is being deleted, and nothing new is carved from it; delete this request too, or name another Network in a new one", n.Name)
}

// NoServiceCIDRs refuses ranges for ClusterIPs where the API server allocates
// none out of them.
func NoServiceCIDRs() *Refusal {
	return &Refusal{
		Reason: v1alpha1.ReasonNoServiceCIDR, Again: time.Minute,
		Text: "the API server has no ServiceCIDR objects (networking.k8s.io/v1), so it allocates ClusterIPs from --service-cluster-ip-range alone; " +
			"upgrade it to Kubernetes 1.33 or later, or delete this request and put that range into the Network's reserved",
	}
}

// tooMany refuses more ranges than the cloud allows a subnet, before the first of
// them is made.
func (in Input) tooMany(s cloud.Subnet, steps []Step) *Refusal {
	more := 0
	for _, step := range steps {
		if step.Create {
			more++
		}
	}
	if s.MaxRanges == 0 || more == 0 || len(s.Ranges)+more <= s.MaxRanges {
		return nil
	}
	return refuse(string(cloud.LimitExceeded), "subnet %s needs %d more %ss, and has %d of the %d that the cloud allows; delete some, or name another node subnet",
		s.Name, more, in.Snapshot.Traits.RangeNoun(), len(s.Ranges), s.MaxRanges)
}
