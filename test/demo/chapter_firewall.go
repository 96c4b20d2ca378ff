package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// firewall has each manager keep a rule that lets its pods in.
func (s *stage) firewall(ctx context.Context) error {
	s.note("A VPC drops what no rule allows, and traffic from pods matches no network tag. Both Networks are edited:")
	s.screen.quote(s.yaml("firewall"))
	err := atOnce(s.up(), func(c *cluster) error { return c.apply(ctx, s.network(c)+s.yaml("firewall")) })
	if err != nil {
		return err
	}
	for _, c := range s.up() {
		if err := s.until(ctx, "waiting for the firewall to let the pods of both in", s.lets(ctx, c)); err != nil {
			return err
		}
	}
	return s.counted(ctx)
}

// readFirewall has each manager say whether the machines' own firewalls let
// pods through: those are people's.
func (s *stage) readFirewall(ctx context.Context) error {
	s.note("There, security groups and network ACLs control what may reach pods. Users manage them, except for the rules that allow load balancers; each manager reads the security groups and reports whether pods get through:")
	for _, c := range s.up() {
		var said *metav1.Condition
		if err := s.until(ctx, "waiting for the firewalls to be read", func() error {
			n := &v1alpha1.Network{}
			err := c.api.Get(ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, n)
			said = meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionFirewall)
			if err == nil && (said == nil || said.Status != metav1.ConditionTrue) {
				err = fmt.Errorf("the Network of cluster %s says about the firewall: %+v", c.name, said)
			}
			return err
		}); err != nil {
			return err
		}
		s.screen.say(fmt.Sprintf("  %s: %s is %s: %s", c.name, said.Type, said.Status, said.Message))
	}
	return s.counted(ctx)
}

// counted waits for the managers, which count from time to time.
func (s *stage) counted(ctx context.Context) error {
	for _, c := range s.up() {
		if err := s.until(ctx, "waiting for the nodes to be counted", c.counted(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// lets checks that the firewall lets all pods of the cluster in, and that its
// Network shows the ranges of both clusters.
func (s *stage) lets(ctx context.Context, c *cluster) func() error {
	return func() error {
		n := &v1alpha1.Network{}
		if err := c.api.Get(ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, n); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionFirewall) {
			return fmt.Errorf("the Network of cluster %s says about the firewall: %+v", c.name, meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionFirewall))
		}
		all, err := s.objects(ctx)
		if err != nil {
			return err
		}
		for _, g := range all.grants {
			if !slices.ContainsFunc(n.Status.Occupied, func(o v1alpha1.OccupiedBlock) bool { return o.CIDR == g.Prefix.String() }) {
				return fmt.Errorf("the Network of cluster %s does not show %s as occupied, which RangeRequest %s of cluster %s was granted", c.name, g.Prefix, g.Request, g.Cluster)
			}
		}
		return nil
	}
}

// counted checks that the RangeRequests' status counts the Nodes there are.
func (c *cluster) counted(ctx context.Context) func() error {
	return func() error {
		var nodes corev1.NodeList
		var requests v1alpha1.RangeRequestList
		if err := errors.Join(c.api.List(ctx, &nodes), c.api.List(ctx, &requests)); err != nil {
			return err
		}
		have, wait := 0, 0
		for _, r := range requests.Items {
			have, wait = have+int(r.Status.Nodes), wait+int(r.Status.WaitingNodes)
		}
		if have != len(nodes.Items) || wait != 0 {
			return fmt.Errorf("the RangeRequests of cluster %s count %d Nodes and %d that wait, there are %d", c.name, have, wait, len(nodes.Items))
		}
		return nil
	}
}
