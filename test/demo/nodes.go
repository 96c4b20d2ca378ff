package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// join starts a VM and registers its Node, as its kubelet and the cloud
// controller would.
func (s *stage) join(ctx context.Context, i, maxPods int) error {
	vm, err := s.sim.AddInstance(gcesim.Instance{
		Project: project, Zone: zone(i), Name: name(i), Interfaces: []gcesim.Interface{{Subnetwork: subnet}}})
	if err != nil {
		return fmt.Errorf("starting VM %s: %w", name(i), err)
	}
	n := &corev1.Node{}
	n.Name = vm.Name
	n.Spec.ProviderID = invariants.ProviderID(vm)
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(strconv.Itoa(maxPods))}
	if err := s.api.Create(ctx, n); err != nil {
		return fmt.Errorf("registering node %s: %w", n.Name, err)
	}
	return nil
}

// settled checks that every Node has its range and all invariants hold.
func (s *stage) settled(ctx context.Context) func() error {
	return func() error {
		var nodes corev1.NodeList
		if err := s.api.List(ctx, &nodes); err != nil {
			return fmt.Errorf("listing Nodes: %w", err)
		}
		instances := s.sim.Instances()
		return errors.Join(
			invariants.Unique(nodes.Items, instances),
			invariants.Published(nodes.Items, instances),
			invariants.NoStrays(nodes.Items, instances))
	}
}

// counted checks that the RangeRequest's status counts the Nodes there are:
// its controller counts from time to time.
func (s *stage) counted(ctx context.Context) func() error {
	return func() error {
		var nodes corev1.NodeList
		r := &v1alpha1.RangeRequest{}
		if err := errors.Join(s.api.List(ctx, &nodes), s.api.Get(ctx, client.ObjectKey{Name: "pods"}, r)); err != nil {
			return err
		}
		if int(r.Status.Nodes) != len(nodes.Items) || r.Status.WaitingNodes != 0 {
			return fmt.Errorf("RangeRequest pods counts %d Nodes and %d that wait, there are %d", r.Status.Nodes, r.Status.WaitingNodes, len(nodes.Items))
		}
		return nil
	}
}
