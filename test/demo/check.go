package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// up are the clusters whose manager runs.
func (s *stage) up() (out []*cluster) {
	for _, c := range []*cluster{s.east, s.west} {
		if c.manager != nil {
			out = append(out, c)
		}
	}
	return out
}

// objects are what both clusters hold.
type objects struct {
	nodes  []corev1.Node
	grants []invariants.Grant
}

func (s *stage) objects(ctx context.Context) (all objects, err error) {
	for _, c := range s.up() {
		var nodes corev1.NodeList
		var requests v1alpha1.RangeRequestList
		if err := errors.Join(c.api.List(ctx, &nodes), c.api.List(ctx, &requests)); err != nil {
			return all, fmt.Errorf("listing the objects of cluster %s: %w", c.name, err)
		}
		all.nodes = append(all.nodes, nodes.Items...)
		all.grants = append(all.grants, invariants.Grants(c.name, requests.Items)...)
	}
	return all, nil
}

// settled checks that every Node has its range and all invariants hold, over
// both clusters.
func (s *stage) settled(ctx context.Context) func() error {
	return func() error {
		all, err := s.objects(ctx)
		if err != nil {
			return err
		}
		instances, subnets := plain(s.cloud.machines()), s.cloud.subnets()
		return errors.Join(
			invariants.Unique(all.nodes, instances),
			invariants.Granted(all.grants, subnets),
			invariants.Published(all.nodes, instances),
			invariants.NoStrays(all.nodes, instances),
			invariants.NoOrphans(all.grants, subnets))
	}
}

// hasRead checks that the manager has read the VPC and holds the Network, so
// that it may carve.
func (c *cluster) hasRead(ctx context.Context) func() error {
	return func() error {
		n := &v1alpha1.Network{}
		if err := c.api.Get(ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, n); err != nil {
			return err
		}
		if !slices.Contains(n.Finalizers, v1alpha1.Finalizer) || !meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("the Network of cluster %s has finalizers %v and conditions %+v", c.name, n.Finalizers, n.Status.Conditions)
		}
		return nil
	}
}
