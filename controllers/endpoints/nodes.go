package endpoints

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/endpoints/resolve"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// machines are all Nodes, by address, and as clouds know them.
type machines struct {
	resolve.Machines
	nodes []lb.Node
}

// nodesChanged is the request that all groups be looked at since Nodes have
// changed. Many changes are one request, or ten thousand Nodes that come would
// have as many indexes made, and as many turns of each group.
var nodesChanged = reconcile.Request{}

// afterNodes gathers what changes of Nodes into one request.
func (c *Controller) afterNodes() handler.EventHandler {
	later := func(q queue) { q.AddAfter(nodesChanged, c.Gather) }
	return handler.Funcs{
		CreateFunc: func(_ context.Context, _ event.CreateEvent, q queue) { later(q) },
		UpdateFunc: func(_ context.Context, _ event.UpdateEvent, q queue) { later(q) },
		DeleteFunc: func(_ context.Context, _ event.DeleteEvent, q queue) { later(q) },
	}
}

// lookAtAll has all groups looked at with the Nodes there are by now: a Node may
// have the addresses of any.
func (c *Controller) lookAtAll(ctx context.Context) error {
	c.mu.Lock()
	c.machines = nil
	c.mu.Unlock()
	var all v1alpha1.EndpointGroupList
	if err := c.Client.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	for i := range all.Items {
		c.Enqueue(ctx, []client.ObjectKey{client.ObjectKeyFromObject(&all.Items[i])})
	}
	return nil
}

// index is that of the Nodes that there were when they last changed.
func (c *Controller) index() *machines {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machines != nil {
		return c.machines
	}
	nodes := c.Nodes()
	m := &machines{Machines: resolve.IndexMachines(nodes)}
	for _, n := range nodes {
		if n.Spec.ProviderID != "" {
			m.nodes = append(m.nodes, loadbalancer.NodeOf(n))
		}
	}
	c.machines = m
	return m
}

// nodeChanged lets through what changes where an address is.
var nodeChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	a, b := e.ObjectOld.(*corev1.Node), e.ObjectNew.(*corev1.Node)
	return a.Spec.ProviderID != b.Spec.ProviderID || a.DeletionTimestamp.IsZero() != b.DeletionTimestamp.IsZero() ||
		!slices.Equal(a.Spec.PodCIDRs, b.Spec.PodCIDRs) || !slices.Equal(a.Status.Addresses, b.Status.Addresses)
}}
