package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// member is a VM that is a node of a cluster.
type member struct {
	name    string
	number  int // may decide the zone
	maxPods int
	pool    string // its label, if it has one
}

// worker is the first cluster's i-th.
func worker(i, maxPods int) member {
	return member{name: fmt.Sprintf("worker-%d", i), number: i, maxPods: maxPods}
}

// join starts a VM and registers its Node, as its kubelet and the cloud
// controller would.
func (s *stage) join(ctx context.Context, c *cluster, m member) error {
	vm, err := s.cloud.start(c.subnet, m)
	if err != nil {
		return fmt.Errorf("starting VM %s: %w", m.name, err)
	}
	n := &corev1.Node{}
	n.Name = m.name
	n.Spec.ProviderID = vm.providerID
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: vm.ip.String()}}
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(strconv.Itoa(m.maxPods))}
	if m.pool != "" {
		n.Labels = map[string]string{"pool": m.pool}
	}
	if err := c.api.Create(ctx, n); err != nil {
		return fmt.Errorf("registering node %s of cluster %s: %w", n.Name, c.name, err)
	}
	return nil
}

// leave deletes the Node; its VM lives on.
func (s *stage) leave(ctx context.Context, c *cluster, m member) error {
	s.board.leave(m.name)
	n := &corev1.Node{}
	n.Name = m.name
	return c.delete(ctx, n)
}
