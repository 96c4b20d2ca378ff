package servicecidr

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

const (
	// inUsePause is when addresses that keep a ServiceCIDR are counted again.
	inUsePause = 5 * time.Second
	// mostNamed bounds the Services that a refusal names, since each costs a
	// call.
	mostNamed = 5
)

// Remove deletes what Ensure made for a range that is reclaimed, unless an
// address in it is in use, and waits until it is gone.
func (k *Keeper) Remove(ctx context.Context, r *v1alpha1.RangeRequest, g v1alpha1.GrantedRange) (gone bool, err error) {
	p, err := netip.ParsePrefix(g.CIDR)
	if err != nil {
		return false, fmt.Errorf("reading range %q of RangeRequest %s: %w", g.CIDR, r.Name, err)
	}
	all, err := k.list(ctx)
	if IsNoAPI(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	gone = true
	for i := range all {
		s := &all[i]
		if !k.isOf(s, r) || !slices.Contains(prefixes(s), p) {
			continue
		}
		if err := k.unused(ctx, all, s); err != nil {
			return false, err
		}
		left, err := k.removed(ctx, s)
		if err != nil {
			return false, err
		}
		gone = gone && left
	}
	return gone, nil
}

// Release deletes all that Ensure made for a request, and waits for the
// addresses only then: the API server allocates no more of them, so that their
// number falls. With deletionPolicy Retain all is left to the cluster.
func (k *Keeper) Release(ctx context.Context, r *v1alpha1.RangeRequest) (gone bool, err error) {
	all, err := k.list(ctx)
	if IsNoAPI(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var mine []*networkingv1.ServiceCIDR
	for i := range all {
		if k.isOf(&all[i], r) {
			mine = append(mine, &all[i])
		}
	}
	if r.Spec.DeletionPolicy == v1alpha1.Retain {
		for _, s := range mine {
			if err := k.disown(ctx, s); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	for _, s := range mine {
		if !isLeaving(s) {
			if err := k.delete(ctx, s); err != nil {
				return false, err
			}
		}
	}
	return k.releaseUnused(ctx, all, mine)
}

// releaseUnused lets those go that are being deleted and that no address needs. Its
// error is of any that one does; the others go meanwhile.
func (k *Keeper) releaseUnused(ctx context.Context, all []networkingv1.ServiceCIDR, mine []*networkingv1.ServiceCIDR) (gone bool, held error) {
	gone = true
	for _, s := range mine {
		if err := k.unused(ctx, all, s); err != nil {
			held = err
			continue
		}
		left := false
		if isLeaving(s) {
			var err error
			if left, err = k.letGo(ctx, s); err != nil {
				return false, err
			}
		}
		gone = gone && left
	}
	return gone && held == nil, held
}

// removed brings the removal of an unused ServiceCIDR a step on.
func (k *Keeper) removed(ctx context.Context, s *networkingv1.ServiceCIDR) (gone bool, err error) {
	if !isLeaving(s) {
		return false, k.delete(ctx, s)
	}
	return k.letGo(ctx, s)
}

func (k *Keeper) delete(ctx context.Context, s *networkingv1.ServiceCIDR) error {
	log.FromContext(ctx).Info("deleting a ServiceCIDR", "serviceCIDR", s.Name, "prefixes", s.Spec.CIDRs)
	err := k.Objects.ServiceCIDRs().Delete(ctx, s.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &s.UID}})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting ServiceCIDR %s: %w", s.Name, err)
	}
	return nil
}

// letGo takes our finalizer off a ServiceCIDR that is being deleted and that
// no address needs, once the API server had time to learn that it leaves.
func (k *Keeper) letGo(ctx context.Context, s *networkingv1.ServiceCIDR) (gone bool, err error) {
	since, seen := k.leaving[s.UID]
	if !seen {
		// By our clock alone: the API server's may be another.
		k.leaving[s.UID] = time.Now()
		return false, nil
	}
	if time.Since(since) < k.Grace || slices.ContainsFunc(s.Finalizers, notOurs) {
		return false, nil
	}
	patch := fmt.Appendf(nil, `{"metadata":{"resourceVersion":%q,"finalizers":null}}`, s.ResourceVersion)
	_, err = k.Objects.ServiceCIDRs().Patch(ctx, s.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("removing the finalizer from ServiceCIDR %s: %w", s.Name, err)
	}
	delete(k.leaving, s.UID)
	return true, nil
}

func notOurs(finalizer string) bool { return finalizer != v1alpha1.Finalizer }

// disown leaves a ServiceCIDR to the cluster, with nothing of ours on it.
func (k *Keeper) disown(ctx context.Context, s *networkingv1.ServiceCIDR) error {
	kept := s.DeepCopy()
	kept.Finalizers = slices.DeleteFunc(kept.Finalizers, func(f string) bool { return !notOurs(f) })
	delete(kept.Annotations, clusterAnnotation)
	delete(kept.Annotations, requestAnnotation)
	delete(kept.Labels, managedByLabel)
	if _, err := k.Objects.ServiceCIDRs().Update(ctx, kept, metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("leaving ServiceCIDR %s to the cluster: %w", s.Name, err)
	}
	return nil
}

// unused refuses while there are addresses that no other ServiceCIDR holds,
// and names the Services that have them.
func (k *Keeper) unused(ctx context.Context, all []networkingv1.ServiceCIDR, s *networkingv1.ServiceCIDR) error {
	addrs, err := k.read(ctx)
	if err != nil {
		return err
	}
	var held []netip.Addr
	for _, p := range prefixes(s) {
		for _, a := range within(addrs, p) {
			if !coveredByAnother(all, s, a) {
				held = append(held, a)
			}
		}
	}
	if len(held) == 0 {
		return nil
	}
	users, err := k.users(ctx, held)
	if err != nil {
		return err
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonInUse, Again: inUsePause,
		Text: fmt.Sprintf("deletion waits: %d ClusterIPs of ServiceCIDR %s are in use%s", len(held), s.Name, users)}
}

func coveredByAnother(all []networkingv1.ServiceCIDR, s *networkingv1.ServiceCIDR, a netip.Addr) bool {
	for i := range all {
		if other := &all[i]; other.UID != s.UID && !isLeaving(other) {
			if slices.ContainsFunc(prefixes(other), func(p netip.Prefix) bool { return p.Contains(a) }) {
				return true
			}
		}
	}
	return false
}

// users names the Services that hold the addresses, but not more than a few,
// and says what to do about them. It is empty where they have just gone.
func (k *Keeper) users(ctx context.Context, held []netip.Addr) (string, error) {
	var names []string
	for _, a := range held[:min(len(held), mostNamed)] {
		ip, err := k.Objects.IPAddresses().Get(ctx, a.String(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue // it has just gone
		}
		if err != nil {
			return "", fmt.Errorf("reading IPAddress %s: %w", a, err)
		}
		if ref := ip.Spec.ParentRef; ref != nil {
			names = append(names, fmt.Sprintf("%s/%s (%s)", ref.Namespace, ref.Name, a))
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	out := " by Services " + strings.Join(names, ", ")
	if more := len(held) - mostNamed; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out + "; delete these Services", nil
}
