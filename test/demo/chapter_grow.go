package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// newcomers wait while the range is full; one of them may still get what
// worker-3 had, when it has rested.
const newcomers = 5

// grow lets the request grow while nodes wait for room.
func (s *stage) grow(ctx context.Context) error {
	var names []string
	for i := 25; i < 25+newcomers; i++ {
		if err := s.join(ctx, s.east, worker(i, 110)); err != nil {
			return err
		}
		names = append(names, worker(i, 110).name)
	}
	if err := s.until(ctx, "waiting for nodes to find the range full", s.east.waiting(ctx, names, newcomers-1)); err != nil {
		return err
	}
	if err := pause(ctx, beat); err != nil {
		return err
	}
	s.note("The RangeRequest is edited:")
	s.screen.quote(s.yaml("growth"))
	if err := s.east.apply(ctx, s.yaml("pods")+s.yaml("growth")); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for the further range", s.settled(ctx)); err != nil {
		return err
	}
	return s.until(ctx, "waiting to see it in the status", s.east.grew(ctx, "pods"))
}

// waiting checks that so many of the Nodes say that the range is full.
func (c *cluster) waiting(ctx context.Context, names []string, atLeast int) func() error {
	return func() error {
		wait := 0
		for _, name := range names {
			n := &corev1.Node{}
			if err := c.api.Get(ctx, client.ObjectKey{Name: name}, n); err != nil {
				return err
			}
			if said := invariants.Condition(*n); said != nil && said.Status == corev1.ConditionTrue && said.Reason == v1alpha1.ReasonRangeExhausted {
				wait++
			}
		}
		if wait < atLeast {
			return fmt.Errorf("%d nodes wait with %s, not %d", wait, v1alpha1.ReasonRangeExhausted, atLeast)
		}
		return nil
	}
}

// grew checks that growth has carved a range for the request.
func (c *cluster) grew(ctx context.Context, name string) func() error {
	return func() error {
		_, err := c.grown(ctx, name)
		return err
	}
}

// grown is the range that growth carved for a request.
func (c *cluster) grown(ctx context.Context, name string) (v1alpha1.GrantedRange, error) {
	r := &v1alpha1.RangeRequest{}
	if err := c.api.Get(ctx, client.ObjectKey{Name: name}, r); err != nil {
		return v1alpha1.GrantedRange{}, err
	}
	for _, g := range r.Status.Ranges {
		if g.Grown {
			return g, nil
		}
	}
	return v1alpha1.GrantedRange{}, fmt.Errorf("RangeRequest %s of cluster %s has not grown: it has %+v, and its conditions are %+v",
		name, c.name, r.Status.Ranges, r.Status.Conditions)
}
