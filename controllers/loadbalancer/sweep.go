package loadbalancer

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// Lives tells of owners whether what they have is to stay: the Services that
// are listed. Owners of other kinds and clusters are none of ours to judge.
func Lives(services []corev1.Service, clusterID string, withoutClass bool) func(cloud.Owner) bool {
	alive := map[cloud.Owner]bool{}
	for i := range services {
		s := &services[i]
		if Ours(s, withoutClass) || controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) {
			alive[wanted.Owner(clusterID, s.Namespace, s.Name)] = true
		}
	}
	return func(o cloud.Owner) bool { return o.Kind != wanted.OwnerKind || o.ClusterID != clusterID || alive[o] }
}

// sweep removes what is ours and has nobody, once it has been seen for the
// grace time. It looks at the store, which costs no call; before anything goes
// the cloud, the Services and the lease are read live. By a view that does not
// keep the store it only says what is held back.
func (c *Controller) sweep(ctx context.Context, n *v1alpha1.Network, k *networkView, keeps bool) error {
	var services corev1.ServiceList
	if err := c.Client.List(ctx, &services); err != nil {
		return fmt.Errorf("listing Services: %w", err)
	}
	lives := Lives(services.Items, c.ClusterID, c.WithoutClass)
	found := lb.Orphans(k.view(), lives)
	if !keeps {
		c.Metrics.orphaned(k.network, 0)
		_, err := c.brake(ctx, n, k, k.view(), lives)
		return err
	}
	c.Metrics.orphaned(k.network, len(found))
	if len(k.due(found, c.Now(), c.OrphanGrace)) == 0 || c.DryRun {
		_, err := c.brake(ctx, n, k, k.view(), lives)
		return err
	}
	if err := k.refresh(ctx); err != nil {
		return err
	}
	if err := k.whole(); err != nil {
		return fmt.Errorf("nothing is swept: %w", err)
	}
	state, lives, err := c.livesNow(ctx, k, &services)
	if err != nil {
		return err
	}
	if held, err := c.brake(ctx, n, k, state, lives); held || err != nil {
		return err
	}
	due := k.due(lb.Orphans(state, lives), c.Now(), c.OrphanGrace)
	plan := lb.Removal(due)
	if len(plan) == 0 {
		return nil
	}
	err, _ = (&memory{}).beyondLingering(c.Now(), lb.Run(ctx, executor{networkView: k, c: c}, plan, state)) // it goes the next time
	removed := map[cloud.Owner][]string{}
	for _, a := range plan {
		if _, still := k.view()[a.Ref]; !still {
			removed[a.Got.Owner] = append(removed[a.Got.Owner], a.Ref.String())
		}
	}
	for o, names := range removed {
		c.tellRemoved(ctx, n, o, names)
	}
	return err
}

// livesNow is what is there, and who lives by the API server's own word. That
// is asked after the look at the cloud: a Service has its finalizer before
// anything is made for it, so whoever made some of what is there is listed.
func (c *Controller) livesNow(ctx context.Context, k *networkView, services *corev1.ServiceList) (lb.State, func(cloud.Owner) bool, error) {
	state := k.view()
	if err := c.Live.List(ctx, services); err != nil {
		return nil, nil, fmt.Errorf("listing Services live: %w", err)
	}
	return state, Lives(services.Items, c.ClusterID, c.WithoutClass), nil
}

// tellRemoved makes an Event about what one owner had. The owner is the Event's
// related object, or the API would take all of them for one Event again.
func (c *Controller) tellRemoved(ctx context.Context, n *v1alpha1.Network, o cloud.Owner, names []string) {
	log.FromContext(ctx).Info("removed what had no Service", "owner", o, "resources", names)
	c.Events.Eventf(n, &corev1.ObjectReference{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}, corev1.EventTypeNormal,
		v1alpha1.ReasonOrphanRemoved, "SweepLoadBalancers", "%s", clip("removed what had no Service any more: "+strings.Join(names, ", "), maxNote))
}

// due remembers when each orphan was first seen, and gives those that were so
// long ago.
func (k *networkView) due(found []lb.Orphan, now time.Time, grace time.Duration) (out []lb.Orphan) {
	k.mu.Lock()
	defer k.mu.Unlock()
	seen := map[lb.Ref]time.Time{}
	for _, o := range found {
		first, known := k.orphans[o.Ref]
		if !known {
			first = now
		}
		seen[o.Ref] = first
		if now.Sub(first) >= grace {
			out = append(out, o)
		}
	}
	k.orphans = seen
	return out
}

// news tells whether the text is another than the last one.
func (k *networkView) news(text string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	had := k.said
	k.said = text
	return had != text
}

// Everything is all that the cluster made for Services, but for what those that
// live have and use: they may be another Network's of the same region.
func Everything(state lb.State, clusterID string, lives func(cloud.Owner) bool) (out []lb.Orphan) {
	stay := map[lb.Ref]bool{}
	var keep func(lb.Resource)
	keep = func(r lb.Resource) {
		if stay[r.Ref] {
			return
		}
		stay[r.Ref] = true
		for _, used := range r.Uses {
			keep(state[used])
		}
	}
	made := func(r lb.Resource) bool {
		return r.Owner.ClusterID == clusterID && (r.Owner.Kind == wanted.OwnerKind || r.Owner.Kind == lb.KindNodeSet)
	}
	for _, r := range state {
		if made(r) && r.Owner.Kind == wanted.OwnerKind && lives(r.Owner) {
			keep(r)
		}
	}
	for _, r := range state.Sorted() {
		if made(r) && !stay[r.Ref] {
			out = append(out, lb.Orphan{Resource: r, Why: "all of it goes"})
		}
	}
	return out
}
