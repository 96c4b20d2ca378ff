package loadbalancer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// open returns the Network's view, a new one where its cloud was opened anew. It
// is a view of the store that all Networks of one domain share.
func (e *Engine) open(ctx context.Context, n *v1alpha1.Network) (*View, error) {
	b, err := e.OpenBalancers(ctx, n)
	switch {
	case err != nil:
		e.close(n.Name)
		return nil, err
	case b == nil:
		return nil, conditions.Refuse(v1alpha1.ReasonNoBalancers, "this version has no load balancers for the cloud of Network %s", n.Name)
	}
	if err := e.apart(ctx, n, b.Rules()); err != nil {
		e.close(n.Name)
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	k := e.byNetwork[n.Name]
	if k == nil || k.Balancers != b {
		anew := k != nil
		k = newView(n.Name, e.ClusterID, cloudOf(n), b, e.storeOf(b.Rules().Domain), e.everyNode)
		e.byNetwork[n.Name] = k
		k.mu.Lock()
		k.stale = k.stale || anew
		k.heldBefore = k.heldBefore || meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionMemberRemovalHeld)
		k.mu.Unlock()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.going = !n.DeletionTimestamp.IsZero()
	return k, nil
}

// storeOf is the one that another Network has a view of already, or a new
// one. The engine is locked.
func (e *Engine) storeOf(domain string) *store {
	for _, k := range e.byNetwork {
		if k.domain == domain {
			return k.store
		}
	}
	return newStore(domain, e.ReadLag, e.Now)
}

// close forgets a Network's view; the store goes with the last one.
func (e *Engine) close(network string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byNetwork, network)
}

// apart refuses a Network whose balancers would have the same names as those of
// an older one, and be in another VPC.
func (e *Engine) apart(ctx context.Context, n *v1alpha1.Network, its lb.Rules) error {
	var all v1alpha1.NetworkList
	if err := e.Client.List(ctx, &all); err != nil {
		return fmt.Errorf("listing Networks: %w", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if compareAges(other, n) >= 0 {
			continue
		}
		b, err := e.OpenBalancers(ctx, other)
		if err != nil || b == nil {
			continue
		}
		if r := b.Rules(); r.Domain == its.Domain && r.VPC != its.VPC {
			return conditions.Refuse(v1alpha1.ReasonNoBalancers, "load balancers of %s are made in %s, for Network %s: names are the same in all VPCs there, so Network %s can have none in %s; give it another project or region",
				r.Domain, r.VPC, other.Name, n.Name, its.VPC)
		}
	}
	return nil
}

func compareAges(a, b *v1alpha1.Network) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

// all are a view of each store that has been read, in the order of their
// Networks.
func (e *Engine) all() (out []*View) {
	for _, k := range e.views() {
		if !slices.ContainsFunc(out, func(x *View) bool { return x.store == k.store }) && k.known() {
			out = append(out, k)
		}
	}
	return out
}

// views are those of all Networks, in their order.
func (e *Engine) views() (out []*View) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range e.byNetwork {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b *View) int { return strings.Compare(a.network, b.network) })
	return out
}

// known reports whether all that is there has been read.
func (k *View) known() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.read.IsZero()
}

// others are the views of the same store whose Networks stay.
func (e *Engine) others(k *View) []*View {
	return slices.DeleteFunc(e.views(), func(x *View) bool { return x == k || x.store != k.store || x.goes() })
}

func (k *View) goes() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.going
}

// keeps reports whether it is by this view that the store is swept: one is
// enough.
func (e *Engine) keeps(k *View) bool {
	others := e.others(k)
	return len(others) == 0 || k.network < others[0].network
}

// holdNetwork keeps the view's Network until all that is in it is gone.
func (e *Engine) holdNetwork(ctx context.Context, k *View) error {
	k.mu.Lock()
	held := k.held || k.going // nothing can hold back what goes
	k.mu.Unlock()
	if held {
		return nil
	}
	n := &v1alpha1.Network{}
	if err := e.Client.Get(ctx, client.ObjectKey{Name: k.network}, n); err != nil {
		return fmt.Errorf("reading Network %s: %w", k.network, err)
	}
	if err := e.Finalize(ctx, n, controllerutil.AddFinalizer); err != nil {
		return fmt.Errorf("writing the finalizers of Network %s: %w", n.Name, err)
	}
	k.mu.Lock()
	k.held = true
	k.mu.Unlock()
	return nil
}

// Finalize adds or removes our finalizer, by a patch that fails where somebody
// else changed the object meanwhile.
func (e *Engine) Finalize(ctx context.Context, o client.Object, change func(client.Object, string) bool) error {
	before := o.DeepCopyObject().(client.Object)
	if !change(o, v1alpha1.LoadBalancerFinalizer) {
		return nil
	}
	return e.Client.Patch(ctx, o, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// Load sees to it that what is there has been read.
func (e *Engine) Load(ctx context.Context, k *View) error {
	_, err := e.load(ctx, k, 0)
	return err
}

// SchemeOf is who can reach what serves an owner now; empty where nothing does.
func (k *View) SchemeOf(o cloud.Owner) lb.Scheme { return k.view().SchemeOf(o) }
