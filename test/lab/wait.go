package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/lab/cluster"
)

// ready waits until a cluster's machines have joined, and the add-ons run.
func (s *stage) ready(ctx context.Context, l *cluster.Cluster, machines []string) error {
	if err := s.wait(ctx, func() (string, error) { return joining(ctx, l.API, machines) }); err != nil {
		return err
	}
	return s.wait(ctx, func() (string, error) { return starting(ctx, l.API, len(machines)) })
}

// wait waits until nothing is missing, and says what is.
func (s *stage) wait(ctx context.Context, missing func() (string, error)) error {
	last := ""
	for {
		what, err := missing()
		if err != nil || what == "" {
			return err
		}
		if what != last {
			s.say("waiting for " + what)
			last = what
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// joining tells which Nodes are not ready yet.
func joining(ctx context.Context, api client.Reader, machines []string) (string, error) {
	var nodes corev1.NodeList
	if err := api.List(ctx, &nodes); err != nil {
		return "", err
	}
	missing := slices.Clone(machines)
	for _, n := range nodes.Items {
		if slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}) {
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == n.Name })
		}
	}
	if len(missing) == 0 {
		return "", nil
	}
	return "Nodes " + strings.Join(missing, ", "), nil
}

// starting tells which add-ons do not have all their pods yet.
func starting(ctx context.Context, api client.Reader, machines int) (string, error) {
	var deployments appsv1.DeploymentList
	var sets appsv1.DaemonSetList
	in := client.InNamespace("kube-system")
	if err := errors.Join(api.List(ctx, &deployments, in), api.List(ctx, &sets, in)); err != nil {
		return "", err
	}
	var missing []string
	for _, d := range deployments.Items {
		if d.Status.ObservedGeneration < d.Generation || d.Status.ReadyReplicas < *d.Spec.Replicas {
			missing = append(missing, d.Name)
		}
	}
	for _, d := range sets.Items {
		if d.Status.ObservedGeneration < d.Generation || d.Status.NumberReady < int32(machines) {
			missing = append(missing, d.Name)
		}
	}
	if len(missing) == 0 {
		return "", nil
	}
	return "pods of " + strings.Join(missing, ", "), nil
}
