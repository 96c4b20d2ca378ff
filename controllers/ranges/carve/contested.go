package carve

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// contested refuses a block that an older request names too and was not
// granted yet, but could be.
func (in Input) contested(p netip.Prefix) *conditions.Refusal {
	if !in.names(p) {
		return nil
	}
	for i := range in.Others {
		o := &in.Others[i]
		if o.Name == in.Request.Name || !o.DeletionTimestamp.IsZero() || !Older(o, in.Request) {
			continue
		}
		for _, q := range v1alpha1.ParseCIDRs(o.Spec.CIDRs) {
			if q.Overlaps(p) && in.couldBeGranted(o) {
				return conditions.Refuse(v1alpha1.ReasonOverlap, "%s: the older RangeRequest %s also lists %s; choose another block, or delete that request", p, o.Name, q)
			}
		}
	}
	return nil
}

// couldBeGranted reports whether nothing speaks against another request but
// that it has to wait its turn. Each request is judged once in a plan, and
// looks only at older ones, so it ends.
func (in Input) couldBeGranted(o *v1alpha1.RangeRequest) bool {
	could, known := in.judged[o.Name]
	if !known {
		could = in.judge(o)
		in.judged[o.Name] = could
	}
	return could
}

func (in Input) judge(o *v1alpha1.RangeRequest) bool {
	if o.NetworkName() != in.Network.Name {
		return !hopeless(o)
	}
	in.Request = o
	_, _, no := Plan(in)
	return no == nil || no.Reason == v1alpha1.ReasonPartlyGranted
}

// hopeless is true for a request of a Network that is not at hand, by its own
// condition, that a person has to mend it first.
func hopeless(o *v1alpha1.RangeRequest) bool {
	c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	return c != nil && c.Status == metav1.ConditionFalse && c.ObservedGeneration == o.Generation && slices.Contains([]string{
		v1alpha1.ReasonNetworkNotFound, v1alpha1.ReasonWrongCloud, v1alpha1.ReasonBeingDeleted, v1alpha1.ReasonUnsupported,
		v1alpha1.ReasonUnknownSubnet, v1alpha1.ReasonAmbiguousSubnet, v1alpha1.ReasonHostBits, v1alpha1.ReasonOutsideSupernets,
		v1alpha1.ReasonOverlap, v1alpha1.ReasonNodeLargerThanRange, v1alpha1.ReasonNoServiceCIDR, string(cloud.NotFound),
	}, c.Reason)
}

// Older orders requests by age, and by name where they were created in the
// same second. One that was not created yet is younger than all that were.
func Older(a, b *v1alpha1.RangeRequest) bool {
	if a.CreationTimestamp.IsZero() != b.CreationTimestamp.IsZero() {
		return b.CreationTimestamp.IsZero()
	}
	if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
		return c < 0
	}
	return a.Name < b.Name
}
