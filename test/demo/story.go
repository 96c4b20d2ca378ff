package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

var (
	//go:embed network.yaml
	networkYAML string
	//go:embed pods.yaml
	podsYAML string
)

// patience is how long anything may take on a busy machine.
const patience = 20 * time.Second

// beat is the time between acts, so that one can follow.
const beat = 400 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// crew are the twenty that come at once, by max pods. With the first three
// they leave no room for one more node of 110 pods.
var crew = []struct{ nodes, maxPods int }{{5, 8}, {8, 32}, {4, 110}, {3, 250}}

// play is the demo until all is shown and runs.
func (s *stage) play(ctx context.Context) error {
	s.screen.say(bold("vpcnative") + ": pod ranges for the nodes of a cluster, carved out of its VPC\n")
	if err := s.set(ctx); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{s.carve, s.three, s.twenty, s.someGo, s.account} {
		if err := act(ctx); err != nil {
			return err
		}
		if err := pause(ctx, beat); err != nil {
			return err
		}
		s.board.flush()
	}
	return nil
}

func (s *stage) heading(line string) {
	s.board.flush()
	s.screen.busy("")
	s.screen.heading(line)
}

// carve applies the two objects that a person writes.
func (s *stage) carve(ctx context.Context) error {
	s.heading("A Network names the VPC and what may be carved out of it; a RangeRequest asks for a range.")
	s.screen.quote(networkYAML + "---\n" + podsYAML)
	for _, text := range []string{networkYAML, podsYAML} {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
			return err
		}
		if err := s.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("demo")); err != nil {
			return fmt.Errorf("applying %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	return s.until(ctx, "waiting for the range", patience, func() error {
		r := &v1alpha1.RangeRequest{}
		if err := s.api.Get(ctx, client.ObjectKey{Name: "pods"}, r); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("RangeRequest pods is not Ready: %+v", r.Status.Conditions)
		}
		return nil
	})
}

func (s *stage) three(ctx context.Context) error {
	s.heading("Three VMs start and register as Nodes: first the alias range on the VM, then podCIDRs.")
	for i := 1; i <= 3; i++ {
		if err := s.join(ctx, i, 110); err != nil {
			return err
		}
	}
	return s.until(ctx, "waiting for three nodes", patience, s.settled(ctx))
}

func (s *stage) twenty(ctx context.Context) error {
	s.heading("Twenty more at once, with room for 8, 32, 110 or 250 pods: each gets a range of its size.")
	number := 3
	for _, c := range crew {
		for range c.nodes {
			number++
			if err := s.join(ctx, number, c.maxPods); err != nil {
				return err
			}
		}
	}
	return s.until(ctx, "waiting for twenty-three nodes", patience, s.settled(ctx))
}

// someGo frees ranges in every way that a node goes, and has one given again.
func (s *stage) someGo(ctx context.Context) error {
	s.heading(fmt.Sprintf("Three leave. %s loses only its Node: the range comes off the VM after a grace of %s.", name(3), detachGrace))
	for _, i := range []int{2, 5} {
		if err := errors.Join(s.sim.DeleteInstance(project, zone(i), name(i)), s.leave(ctx, i)); err != nil {
			return err
		}
	}
	if err := s.leave(ctx, 3); err != nil {
		return err
	}
	if err := pause(ctx, beat); err != nil {
		return err
	}
	s.heading(fmt.Sprintf("The request is full, and what was released rests for %s: a newcomer waits, then gets a range again.", quarantine))
	if err := s.join(ctx, 24, 110); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for a range to be given again", patience, s.settled(ctx)); err != nil {
		return err
	}
	// What is settled may not have come by the watch yet.
	return s.until(ctx, "waiting to see it", patience, func() error { return s.board.rested(name(24), quarantine) })
}

func name(i int) string { return fmt.Sprintf("worker-%d", i) }

// zone spreads the VMs.
func zone(i int) string { return region + "-" + []string{"a", "b", "c"}[i%3] }

func (s *stage) leave(ctx context.Context, i int) error {
	n := &corev1.Node{}
	n.Name = name(i)
	if err := s.api.Delete(ctx, n); err != nil {
		return fmt.Errorf("deleting node %s: %w", n.Name, err)
	}
	return nil
}
