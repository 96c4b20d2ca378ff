package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
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
	s.good("I2  every Node has one podCIDR, and its VM has exactly that as its %s", s.words.piece)
	s.good("I3  no range was reused before its quarantine of %s was over", quarantine)
	s.good("I5  no VM has a range that its Node does not publish, and every range that\n        vpcnative created in the VPC belongs to a RangeRequest")
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
	return s.shell(ctx, c, strings.Join(append([]string{"vpcnative"}, args...), " "))
}

// askCloud is ask for commands that read the cloud; of what they print, the
// lines that match are shown.
func (s *stage) askCloud(ctx context.Context, c *cluster, matching string, args ...string) error {
	line := strings.Join(append(append([]string{"vpcnative"}, args...), s.cloud.flags(s.endpoint)...), " ")
	if matching != "" {
		line += " | grep -E '" + matching + "'"
	}
	return s.shell(ctx, c, line)
}

// shell shows what a line comes to, where people's files and the command line
// are.
func (s *stage) shell(ctx context.Context, c *cluster, line string) error {
	bin, err := filepath.Abs(filepath.Dir(s.programs.vpcnative))
	if err != nil {
		return err
	}
	s.screen.busy("")
	s.board.flush()
	cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", line)
	cmd.Dir = s.files
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.server.KubeconfigFile, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if err := s.screen.shell(fmt.Sprintf("%s$ %s", c.name, line), cmd); err != nil {
		return fmt.Errorf("%s in cluster %s: %w", line, c.name, err)
	}
	return nil
}
