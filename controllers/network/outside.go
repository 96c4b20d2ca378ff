package network

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Outside is a granted range that the supernets do not hold: a supernet was
// taken out of the spec while it was in use.
type Outside struct {
	Prefix  netip.Prefix
	Request string
}

// outside finds them. What a request adopted was never carved from a
// supernet, nor is anything of a family that has none.
func outside(network string, supernets []netip.Prefix, requests []v1alpha1.RangeRequest) (out []Outside) {
	for _, r := range requests {
		if r.NetworkName() != network {
			continue
		}
		for _, g := range r.Status.Ranges {
			p, ok := g.Prefix()
			if !ok || g.Adopted || len(only(supernets, prefix.FamilyOf(p))) == 0 {
				continue
			}
			if !prefix.Within(supernets, p) {
				out = append(out, Outside{Prefix: p, Request: r.Name})
			}
		}
	}
	return out
}

// maxNamed bounds how many objects a condition names.
const maxNamed = 5

// tellOutside says which granted ranges lie outside the supernets. They stay
// and keep working; only nothing new is carved there.
func (c *Controller) tellOutside(ctx context.Context, n *v1alpha1.Network, ranges []Outside) {
	c.Metrics.outside.WithLabelValues(n.Name).Set(float64(len(ranges)))
	cond := metav1.Condition{
		Type: v1alpha1.ConditionSupernetInUse, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInsideSupernets,
		Message: "every granted range lies in the supernets", ObservedGeneration: n.Generation,
	}
	had := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionSupernetInUse)
	if len(ranges) > 0 {
		var texts []string
		for _, o := range ranges {
			texts = append(texts, fmt.Sprintf("%s of RangeRequest %s", o.Prefix, o.Request))
		}
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonOutsideSupernets
		cond.Message = fmt.Sprintf("%d granted ranges lie outside the supernets (%s); they stay and keep working, and nothing new is carved there: put the supernet back, or delete the requests when nothing uses them",
			len(ranges), named(texts))
		if had == nil || had.Status != cond.Status || had.Message != cond.Message {
			log.FromContext(ctx).Info("granted ranges lie outside the supernets", "ranges", texts)
			c.Metrics.failed(n.Name, cond.Reason)
			c.Events.Eventf(n, nil, corev1.EventTypeWarning, cond.Reason, "ReadVPC", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&n.Status.Conditions, cond)
}

// named joins the first few of the texts.
func named(texts []string) string {
	if len(texts) <= maxNamed {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:maxNamed], ", "), len(texts)-maxNamed)
}
