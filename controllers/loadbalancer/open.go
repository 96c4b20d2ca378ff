package loadbalancer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// open gives the Network's view, a new one where its cloud was opened anew. It
// is a view of the store that all Networks of one domain share.
func (c *Controller) open(ctx context.Context, n *v1alpha1.Network) (*networkView, error) {
	b, err := c.OpenBalancers(ctx, n)
	switch {
	case err != nil:
		c.close(n.Name)
		return nil, err
	case b == nil:
		return nil, &refusal{v1alpha1.ReasonNoBalancers, "this version has no load balancers for the cloud of Network " + n.Name}
	}
	if err := c.apart(ctx, n, b.Rules()); err != nil {
		c.close(n.Name)
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.byNetwork[n.Name]
	if k == nil || k.Balancers != b {
		anew := k != nil
		k = newView(n.Name, c.ClusterID, CloudOf(n), b, c.inventoryOf(b.Rules().Domain), c.everyNode)
		c.byNetwork[n.Name] = k
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

// inventoryOf is the one that another Network has a view of already, or a new
// one. The controller is locked.
func (c *Controller) inventoryOf(domain string) *store {
	for _, k := range c.byNetwork {
		if k.domain == domain {
			return k.store
		}
	}
	return newStore(domain, c.ReadLag, c.Now)
}

// close forgets a Network's view; the store goes with the last one.
func (c *Controller) close(network string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byNetwork, network)
}

// apart refuses a Network whose balancers would have the same names as those of
// an older one, and be in another VPC.
func (c *Controller) apart(ctx context.Context, n *v1alpha1.Network, its lb.Rules) error {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return fmt.Errorf("listing Networks: %w", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if compareAges(other, n) >= 0 {
			continue
		}
		b, err := c.OpenBalancers(ctx, other)
		if err != nil || b == nil {
			continue
		}
		if r := b.Rules(); r.Domain == its.Domain && r.VPC != its.VPC {
			return &refusal{v1alpha1.ReasonNoBalancers, fmt.Sprintf("load balancers of %s are made in %s, for Network %s: names are the same in all VPCs there, so Network %s can have none in %s; give it another project or region",
				r.Domain, r.VPC, other.Name, n.Name, its.VPC)}
		}
	}
	return nil
}

func compareAges(a, b *v1alpha1.Network) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

// all are a view of each store that has been read, in the order of their
// Networks.
func (c *Controller) all() (out []*networkView) {
	for _, k := range c.views() {
		if !slices.ContainsFunc(out, func(x *networkView) bool { return x.store == k.store }) && k.known() {
			out = append(out, k)
		}
	}
	return out
}

// views are those of all Networks, in their order.
func (c *Controller) views() (out []*networkView) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.byNetwork {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b *networkView) int { return strings.Compare(a.network, b.network) })
	return out
}

// known tells whether all that is there has been read.
func (k *networkView) known() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.read.IsZero()
}

// others are the views of the same store whose Networks stay.
func (c *Controller) others(k *networkView) []*networkView {
	return slices.DeleteFunc(c.views(), func(x *networkView) bool { return x == k || x.store != k.store || x.goes() })
}

func (k *networkView) goes() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.going
}

// keeps tells whether it is by this view that the store is swept: one is
// enough.
func (c *Controller) keeps(k *networkView) bool {
	others := c.others(k)
	return len(others) == 0 || k.network < others[0].network
}

// holdNetwork keeps the Network until all that is in it is gone.
func (c *Controller) holdNetwork(ctx context.Context, k *networkView, n *v1alpha1.Network) error {
	k.mu.Lock()
	held := k.held
	k.mu.Unlock()
	if held || !n.DeletionTimestamp.IsZero() { // nothing can hold back what goes
		return nil
	}
	if err := c.finalize(ctx, n, controllerutil.AddFinalizer); err != nil {
		return fmt.Errorf("writing the finalizers of Network %s: %w", n.Name, err)
	}
	k.mu.Lock()
	k.held = true
	k.mu.Unlock()
	return nil
}
