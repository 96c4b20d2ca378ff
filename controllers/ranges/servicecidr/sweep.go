package servicecidr

import (
	"context"
	"maps"
	"slices"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Sweep brings the removal on of ServiceCIDRs of ours whose request is gone, or
// does not have their range, once they were so for Doubt: until then whoever
// made one may not have noted it. Those that somebody deleted, and that
// another took the place of, go too.
func (k *Keeper) Sweep(ctx context.Context, requests []v1alpha1.RangeRequest) error {
	all, err := k.list(ctx)
	if IsNoAPI(err) {
		return nil
	}
	if err != nil {
		return err
	}
	stray := map[types.UID]bool{}
	var held error // of any; the others go meanwhile
	for i := range all {
		s := &all[i]
		if s.Annotations[clusterAnnotation] != k.ClusterID || s.Annotations[requestAnnotation] == "" {
			continue
		}
		at := slices.IndexFunc(requests, func(r v1alpha1.RangeRequest) bool { return k.isOf(s, &r) })
		if at >= 0 && k.wanted(all, s, &requests[at]) {
			continue
		}
		stray[s.UID] = true
		if !k.longStray(s) {
			continue
		}
		if err := k.unused(ctx, all, s); err != nil {
			held = err
			continue
		}
		if _, err := k.removed(ctx, s); err != nil {
			return err
		}
	}
	maps.DeleteFunc(k.leaving, func(uid types.UID, _ time.Time) bool { // gone, by whatever hand
		return !slices.ContainsFunc(all, func(s networkingv1.ServiceCIDR) bool { return s.UID == uid })
	})
	maps.DeleteFunc(k.strays, func(uid types.UID, _ time.Time) bool { return !stray[uid] })
	return held
}

// wanted reports whether a ServiceCIDR is for its request to look after: its
// range is granted, and it serves it; or the request is being deleted.
func (k *Keeper) wanted(all []networkingv1.ServiceCIDR, s *networkingv1.ServiceCIDR, r *v1alpha1.RangeRequest) bool {
	if !r.DeletionTimestamp.IsZero() {
		return true
	}
	for _, g := range r.Status.Ranges {
		p, ok := g.Prefix()
		if !ok || !slices.Contains(prefixes(s), p) {
			continue
		}
		return !isLeaving(s) || g.Leaving || k.serving(all, r, p) == nil
	}
	return false
}

// longStray notes when a ServiceCIDR was first found to be nobody's, and reports
// whether that is long ago.
func (k *Keeper) longStray(s *networkingv1.ServiceCIDR) bool {
	since, seen := k.strays[s.UID]
	if !seen {
		since = time.Now()
		k.strays[s.UID] = since
	}
	return time.Since(since) >= k.Doubt
}
