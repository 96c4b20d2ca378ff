package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// account shows how things stand, and checks it.
func (s *stage) account(ctx context.Context) error {
	if err := s.settled(ctx)(); err != nil {
		return err
	}
	all, err := s.objects(ctx)
	if err != nil {
		return err
	}
	s.screen.say(nodeTable(all.nodes, s.cloud.machines(), s.words.piece))
	for _, c := range s.up() {
		if err := s.ask(ctx, c, "ranges"); err != nil {
			return err
		}
	}
	pod, err := s.aPod(ctx)
	if err != nil {
		return err
	}
	for _, c := range s.up() {
		if err := s.ask(ctx, c, "explain", pod.String()); err != nil {
			return err
		}
	}
	s.screen.say("")
	s.good("I1  no two of %d Nodes hold overlapping ranges, in the API or in the cloud, nor\n        did any at any moment; no two of %d ranges of both clusters overlap", len(all.nodes), len(all.grants))
	s.good("I2  every Node has one podCIDR, and its VM carries just that as its %s", s.words.piece)
	s.good("I3  no range was given again before it had rested for %s", quarantine)
	s.good("I5  no VM carries a range that its Node does not publish, and the VPC has no\n        range of ours that no RangeRequest was granted")
	return nil
}

// good says what was checked and holds.
func (s *stage) good(format string, args ...any) {
	s.screen.say("  " + green("✓") + " " + fmt.Sprintf(format, args...))
}

// aPod is an address that the first node's pods may have.
func (s *stage) aPod(ctx context.Context) (ip netip.Addr, err error) {
	n := &corev1.Node{}
	if err := s.east.api.Get(ctx, client.ObjectKey{Name: worker(1, 0).name}, n); err != nil {
		return ip, err
	}
	p, err := netip.ParsePrefix(n.Spec.PodCIDR)
	if err != nil {
		return ip, err
	}
	return p.Addr().Next().Next(), nil
}

// ask runs the command line for a person of the cluster.
func (s *stage) ask(ctx context.Context, c *cluster, args ...string) error {
	cmd := exec.CommandContext(ctx, s.programs.vpcnative, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.server.KubeconfigFile)
	line := "vpcnative " + strings.Join(args, " ")
	if err := s.screen.shell(fmt.Sprintf("%s$ %s", c.name, line), cmd); err != nil {
		return fmt.Errorf("%s in cluster %s: %w", line, c.name, err)
	}
	return nil
}
