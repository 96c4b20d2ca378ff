package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
	"github.com/vpcnative/vpcnative/test/person"
)

// clear deletes all objects; the VMs live on. Nothing of ours may be left.
func (s *stage) clear(ctx context.Context) error {
	s.begin("Everything is deleted, and the VMs keep running")
	s.note("Deleting a ServiceCIDR takes 10s, in which the API server may not have noticed yet.")
	if err := s.clearBalancers(ctx); err != nil {
		return err
	}
	if err := s.clearServices(ctx); err != nil {
		return err
	}
	for _, c := range s.up() {
		if err := c.api.DeleteAllOf(ctx, &corev1.Node{}); err != nil {
			return fmt.Errorf("deleting the Nodes of cluster %s: %w", c.name, err)
		}
	}
	s.note("So many Nodes at once look like an accident: their ranges stay on the VMs until a person confirms the removal.")
	err := s.until(ctx, "waiting for the VMs to lose their ranges", func() error {
		for _, c := range s.up() {
			if err := person.Confirm(ctx, c.api); err != nil {
				return err
			}
		}
		return invariants.NoStrays(nil, plain(s.cloud.machines()))
	})
	if err != nil {
		return err
	}
	if err := s.deleteAll(ctx, "RangeRequests", &v1alpha1.RangeRequest{}, &v1alpha1.RangeRequestList{}); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for the load balancers to go", func() error { return invariants.NoParts(s.cloud.parts()) }); err != nil {
		return err
	}
	if err := s.askCloud(ctx, s.east, "", "orphans"); err != nil {
		return err
	}
	if err := s.deleteAll(ctx, "Networks", &v1alpha1.Network{}, &v1alpha1.NetworkList{}); err != nil {
		return err
	}
	if err := s.nothingLeft(ctx); err != nil {
		return err
	}
	s.screen.busy("")
	s.board.look()
	s.board.flush()
	s.screen.say("")
	s.good("I5  nothing is left in the cloud: no %s, no load balancer resource,\n        no firewall rule, no %s on %d VMs;\n        the API server's own ServiceCIDR is unchanged\n", s.words.ranged, s.words.piece, len(s.cloud.machines()))
	return nil
}

// deleteAll deletes all objects of a kind in both clusters, and waits.
func (s *stage) deleteAll(ctx context.Context, kind string, all client.Object, list client.ObjectList) error {
	for _, c := range s.up() {
		if err := c.api.DeleteAllOf(ctx, all); err != nil {
			return fmt.Errorf("deleting the %s of cluster %s: %w", kind, c.name, err)
		}
	}
	for _, c := range s.up() {
		if err := s.until(ctx, "waiting for the "+kind+" to go", c.none(ctx, kind, list)); err != nil {
			return err
		}
	}
	return nil
}

// clearServices deletes the Services and then the request for their range.
func (s *stage) clearServices(ctx context.Context) error {
	for ; s.exposures > 0; s.exposures-- {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: exposed(s.exposures)}}
		if err := s.east.delete(ctx, service); err != nil {
			return err
		}
	}
	return s.east.delete(ctx, &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "services"}})
}

// none checks that the cluster has no object of a kind.
func (c *cluster) none(ctx context.Context, kind string, list client.ObjectList) func() error {
	return func() error {
		items := &metav1.PartialObjectMetadataList{}
		gvk, err := c.api.GroupVersionKindFor(list)
		if err != nil {
			return err
		}
		items.SetGroupVersionKind(gvk)
		if err := c.api.List(ctx, items); err != nil {
			return fmt.Errorf("listing the %s of cluster %s: %w", kind, c.name, err)
		}
		var left []string
		for _, o := range items.Items {
			left = append(left, o.Name)
		}
		if len(left) > 0 {
			return fmt.Errorf("cluster %s still has the %s %v", c.name, kind, left)
		}
		return nil
	}
}

// nothingLeft looks at the cloud, and at what was adopted.
func (s *stage) nothingLeft(ctx context.Context) error {
	var cidrs networkingv1.ServiceCIDRList
	if err := s.east.api.List(ctx, &cidrs); err != nil {
		return fmt.Errorf("listing the ServiceCIDRs: %w", err)
	}
	var bad []error
	if len(cidrs.Items) != 1 || !isServed(&cidrs.Items[0]) {
		bad = append(bad, fmt.Errorf("I4: only the API server's own ServiceCIDR should be left, and be Ready: %+v", cidrs.Items))
	}
	return errors.Join(append(bad,
		invariants.NothingLeft(s.cloud.subnets(), bare(s.cloud.rules())...),
		invariants.NoParts(s.cloud.parts()),
		invariants.NoStrays(nil, plain(s.cloud.machines())))...)
}
