package main

import (
	"context"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// steps are what happens, in this order.
func (m *measuring) steps() []step {
	b := m.bounds()
	var node machine
	always := func(context.Context) (bool, error) { return true, nil }
	return []step{
		{"first build", m.restart, m.allReady, b.build},
		{"one node in", func(ctx context.Context) (err error) { node, err = m.addNode(ctx); return err }, m.full, b.in},
		{"one node out", func(ctx context.Context) error { node = m.member(node); return m.drain(ctx, node) }, m.full, b.out},
		{"its machine deleted", func(ctx context.Context) error { return m.removeNode(ctx, node) }, m.full, calls{}},
		{"ten nodes in", func(ctx context.Context) error { return m.addNodes(ctx, 10) }, m.full, b.many},
		{"unrelated update of a Node", m.touch, always, calls{}},
		{"nothing, for a resync's 10 minutes", func(context.Context) error { m.manager.clock.forward(resync); return nil }, m.read, b.readAll},
		{"restart, nothing changed", m.restart, m.read, b.readAll},
		{"one Service edited", m.editOne, m.edited, b.one},
		{"all deleted", m.deleteAll, m.gone, b.gone},
	}
}

func (m *measuring) addNodes(ctx context.Context, n int) error {
	for range n {
		if _, err := m.addNode(ctx); err != nil {
			return err
		}
	}
	return nil
}

// member is the machine, or another where no pool has room for it.
func (m *measuring) member(preferred machine) machine {
	if m.cloud.holds(preferred) {
		return preferred
	}
	for _, other := range m.machines {
		if m.cloud.holds(other) {
			return other
		}
	}
	return preferred
}

// local is how many of the Services are of policy Local.
func (m *measuring) local() int { return m.services / localPart }

// full reports whether the pools have all nodes, or as many as they take.
func (m *measuring) full(context.Context) (bool, error) {
	pools := m.cloud.pools()
	serving := len(m.machines)
	if m.drained != "" {
		serving--
		if m.cloud.holds(m.machines[m.drained]) {
			return false, nil
		}
	}
	if m.perBalancer {
		sizes, want := map[int]int{}, map[int]int{min(serving, 500): m.local()}
		want[min(serving, lb.DefaultNodes)] += m.services - m.local()
		for _, n := range pools {
			sizes[n]++
		}
		return maps.Equal(sizes, want), nil
	}
	sum := 0
	for _, n := range pools {
		sum += n
	}
	// Above 250 nodes endpoint groups are of two sorts: of 250, and of all for
	// balancers that leave none out.
	return sum == serving || serving > 250 && sum == 250+serving, nil
}

func (m *measuring) read(context.Context) (bool, error) { return m.cloud.wasRead(), nil }

func (m *measuring) editOne(ctx context.Context) error {
	s := &corev1.Service{}
	if err := m.api.Get(ctx, client.ObjectKey{Namespace: m.world.name, Name: "svc-000"}, s); err != nil {
		return err
	}
	s.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"}
	return m.api.Update(ctx, s)
}

func (m *measuring) edited(context.Context) (bool, error) { return m.cloud.MutatingCalls() > 0, nil }

func (m *measuring) deleteAll(ctx context.Context) error {
	return m.api.DeleteAllOf(ctx, &corev1.Service{}, client.InNamespace(m.world.name))
}

func (m *measuring) gone(ctx context.Context) (bool, error) {
	var list corev1.ServiceList
	if err := m.api.List(ctx, &list, client.InNamespace(m.world.name)); err != nil {
		return false, err
	}
	return len(list.Items) == 0 && len(m.cloud.left()) == 0, nil
}
