package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// carve applies the two objects that a person writes.
func (s *stage) carve(ctx context.Context) error {
	both := s.network(s.east) + "---\n" + s.yaml("pods")
	s.screen.quote(both)
	if err := s.east.apply(ctx, both); err != nil {
		return err
	}
	return s.until(ctx, "waiting for the range", s.east.granted(ctx, "pods"))
}

// granted checks that RangeRequests have what they ask for.
func (c *cluster) granted(ctx context.Context, names ...string) func() error {
	return func() error {
		for _, name := range names {
			r := &v1alpha1.RangeRequest{}
			if err := c.api.Get(ctx, client.ObjectKey{Name: name}, r); err != nil {
				return err
			}
			if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady) {
				return fmt.Errorf("RangeRequest %s of cluster %s is not Ready: %+v", name, c.name, r.Status.Conditions)
			}
		}
		return nil
	}
}
