package loadbalancer

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// sweep removes what is ours and has nobody, once it has been seen for the
// grace time. It looks at the store, which costs no call; before anything goes
// the cloud, the owners and the lease are read live. By a view that does not
// keep the store it only says what is held back.
func (e *Engine) sweep(ctx context.Context, n *v1alpha1.Network, k *View, keeps bool) error {
	alive, err := e.living(ctx, false)
	if err != nil {
		return err
	}
	var found []lb.Orphan
	if keeps {
		found = lb.Orphans(k.view(), alive.Has)
	}
	e.Metrics.orphaned(k.network, len(found))
	if !keeps || len(k.due(found, e.Now(), e.OrphanGrace)) == 0 || e.DryRun {
		_, err := e.brake(ctx, n, k, k.view(), alive)
		return err
	}
	if err := k.refresh(ctx); err != nil {
		return err
	}
	if err := k.whole(); err != nil {
		return fmt.Errorf("no orphan is removed: %w", err)
	}
	state, alive, err := e.livingNow(ctx, k)
	if err != nil {
		return err
	}
	if held, err := e.brake(ctx, n, k, state, alive); held || err != nil {
		return err
	}
	return e.removeDue(ctx, n, k, state, k.due(lb.Orphans(state, alive.Has), e.Now(), e.OrphanGrace))
}

// removeDue removes orphans, and makes Events of what is gone.
func (e *Engine) removeDue(ctx context.Context, n *v1alpha1.Network, k *View, state lb.State, due []lb.Orphan) error {
	plan := lb.Removal(due)
	if len(plan) == 0 {
		return nil
	}
	err, _ := (&turn{}).beyondLingering(e.Now(), lb.Run(ctx, executor{View: k, e: e}, plan, state)) // it goes the next time
	removed := map[cloud.Owner][]lb.Resource{}
	for _, a := range plan {
		if _, still := k.view()[a.Ref]; !still {
			removed[a.Got.Owner] = append(removed[a.Got.Owner], *a.Got)
		}
	}
	for o, list := range removed {
		e.tellRemoved(ctx, n, o, list)
	}
	return err
}

// livingNow is what is there, and who lives by the API server's own word. That
// is asked after the look at the cloud: an owner has its finalizer before
// anything is made for it, so whoever made some of what is there is listed.
func (e *Engine) livingNow(ctx context.Context, k *View) (lb.State, *Living, error) {
	state := k.view()
	alive, err := e.living(ctx, true)
	return state, alive, err
}

// tellRemoved makes an Event about what one owner had. The owner is the Event's
// related object, or the API would take all of them for one Event again.
func (e *Engine) tellRemoved(ctx context.Context, n *v1alpha1.Network, o cloud.Owner, removed []lb.Resource) {
	var names []string
	for _, r := range removed {
		names = append(names, r.Ref.String())
	}
	log.FromContext(ctx).Info("removed what had no owner", "owner", o, "resources", names)
	why := "removed what had no " + o.Kind + " any more: "
	if removed[0].Shared {
		why = "removed what no load balancer uses any more: "
	}
	e.Events.Eventf(n, &corev1.ObjectReference{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}, corev1.EventTypeNormal,
		v1alpha1.ReasonOrphanRemoved, "RemoveOrphans", "%s%s", why, strings.Join(names, ", "))
}

// due remembers when each orphan was first seen, and returns those that were so
// long ago.
func (k *View) due(found []lb.Orphan, now time.Time, grace time.Duration) (out []lb.Orphan) {
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

// news reports whether the text is another than the last one.
func (k *View) news(text string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	had := k.said
	k.said = text
	return had != text
}
