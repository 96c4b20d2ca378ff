package servicecidr

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// notReadyPause is when a ServiceCIDR that is not ready is looked at again.
const notReadyPause = 2 * time.Second

// Ensure has the API server allocate out of g: by the ServiceCIDR that has
// exactly this prefix, whoever made it, or by one of ours.
func (k *Keeper) Ensure(ctx context.Context, r *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) error {
	p, err := netip.ParsePrefix(g.CIDR)
	if err != nil {
		return fmt.Errorf("reading range %q of RangeRequest %s: %w", g.CIDR, r.Name, err)
	}
	all, err := k.list(ctx)
	if err != nil {
		return err
	}
	s := k.serving(all, r, p)
	if s == nil {
		if s, err = k.create(ctx, all, r, p); err != nil {
			return err
		}
	}
	g.ServiceCIDR = s.Name
	if err := k.bury(ctx, all, r, p); err != nil {
		return err
	}
	return ready(s)
}

// serving is the ServiceCIDR to use for a prefix: ours before another's.
func (k *Keeper) serving(all []networkingv1.ServiceCIDR, r *v1alpha1.RangeRequest, p netip.Prefix) (found *networkingv1.ServiceCIDR) {
	for i := range all {
		s := &all[i]
		if isLeaving(s) || !slices.Contains(prefixes(s), p) {
			continue
		}
		if found == nil || k.isOf(s, r) && !k.isOf(found, r) {
			found = s
		}
	}
	return found
}

func (k *Keeper) create(ctx context.Context, all []networkingv1.ServiceCIDR, r *v1alpha1.RangeRequest, p netip.Prefix) (*networkingv1.ServiceCIDR, error) {
	for i := range all {
		for _, q := range prefixes(&all[i]) {
			if q.Overlaps(p) && !k.isOf(&all[i], r) {
				return nil, &conditions.Refusal{Reason: v1alpha1.ReasonOverlap, Again: time.Minute,
					Text: fmt.Sprintf("creating a ServiceCIDR for %s: it overlaps %s of ServiceCIDR %s, which did not exist when the range was carved; delete one of the two", p, q, all[i].Name)}
			}
		}
	}
	name := freeName(r, p, func(name string) bool {
		return slices.ContainsFunc(all, func(s networkingv1.ServiceCIDR) bool { return s.Name == name })
	})
	log.FromContext(ctx).Info("making a ServiceCIDR", "serviceCIDR", name, "prefix", p)
	s, err := k.Objects.ServiceCIDRs().Create(ctx, k.made(r, p, name), metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("creating ServiceCIDR %s for %s: %w", name, p, err)
	}
	return s, nil
}

// bury lets those of our ServiceCIDRs go that somebody else deleted and that
// another took the place of.
func (k *Keeper) bury(ctx context.Context, all []networkingv1.ServiceCIDR, r *v1alpha1.RangeRequest, p netip.Prefix) error {
	for i := range all {
		s := &all[i]
		if isLeaving(s) && k.isOf(s, r) && slices.Contains(prefixes(s), p) {
			if _, err := k.letGo(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// ready: the API server allocates from a ServiceCIDR that has no condition
// yet, so only a word against it counts.
func ready(s *networkingv1.ServiceCIDR) error {
	for _, cond := range s.Status.Conditions {
		if cond.Type == networkingv1.ServiceCIDRConditionReady && cond.Status == metav1.ConditionFalse {
			return &conditions.Refusal{Reason: v1alpha1.ReasonServiceCIDRNotReady, Again: notReadyPause,
				Text: fmt.Sprintf("ServiceCIDR %s is not ready: %s; see its conditions, and whether kube-controller-manager runs the service-cidr-controller",
					s.Name, strings.Trim(cond.Reason+": "+cond.Message, ": "))}
		}
	}
	return nil
}
