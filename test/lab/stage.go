package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/enclosure"
)

// stage is one run of the lab.
type stage struct {
	*options
	began time.Time
	// out gets what is shown, progress what happens on the way.
	out, progress io.Writer

	cluster *cluster.Cluster
}

func (s *stage) say(what string) {
	fmt.Fprintf(s.progress, "%6.1f s  %s\n", time.Since(s.began).Seconds(), what)
}

// play brings the lab up and shows the claims.
func (s *stage) play(ctx context.Context, fail context.CancelCauseFunc) error {
	var err error
	s.cluster, err = cluster.Start(ctx, cluster.Config{
		Cloud: s.cloud, Prefix: "lab-", Dir: enclosure.Dir, Bin: s.bin,
		Latency: 300 * time.Millisecond, Lag: s.lag, Say: s.say,
	}, fail)
	if err != nil {
		return err
	}
	if err := s.addMachines(ctx); err != nil {
		return err
	}
	s.say(fmt.Sprintf("the lab is up: %d machines, on %s", s.machines, s.cloud))
	return s.show(ctx)
}

// show proves the claims and prints the table.
func (s *stage) show(ctx context.Context) error {
	w, err := s.world(ctx)
	if err != nil {
		return err
	}
	var table []claims.Claim
	for _, c := range slices.Concat(claims.Network, claims.Cluster) {
		if c.Core || !s.core {
			table = append(table, c)
		}
	}
	results := claims.Check(ctx, w, s.cloud, table, func(r claims.Result) {
		verdict := "✓ "
		if !r.OK {
			verdict = "✗ "
		}
		s.say(verdict + r.Claim)
	})
	if s.json {
		err = json.NewEncoder(s.out).Encode(map[string]any{"cloud": s.cloud, "lag": s.lag.String(), "machines": s.machines, "claims": results})
	} else {
		claims.Write(s.out, fmt.Sprintf("%s, %d machines, the data plane at most %s behind", s.cloud, s.machines, s.lag), results)
	}
	if failed := claims.Failed(results); len(failed) > 0 {
		err = fmt.Errorf("%d of %d claims do not hold, the first: %s: %s", len(failed), len(results), failed[0].Claim, failed[0].Why)
	}
	return err
}

// names of the machines, as claims call them.
func (s *stage) names() (names []string) {
	for i := range s.machines {
		names = append(names, string(rune('a'+i)))
	}
	return names
}

func (s *stage) addMachines(ctx context.Context) error {
	errs := make([]error, s.machines)
	var all sync.WaitGroup
	for i, name := range s.names() {
		all.Go(func() {
			s.say("starting machine " + name)
			_, errs[i] = s.cluster.AddMachine(ctx, name)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := s.wait(ctx, func() (string, error) { return s.joining(ctx) }); err != nil {
		return err
	}
	return s.wait(ctx, func() (string, error) { return s.starting(ctx, "kube-system") })
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
func (s *stage) joining(ctx context.Context) (string, error) {
	var nodes corev1.NodeList
	if err := s.cluster.API.List(ctx, &nodes); err != nil {
		return "", err
	}
	missing := s.names()
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

// starting tells which Deployments and DaemonSets of a namespace, or of all, do
// not have all their pods yet.
func (s *stage) starting(ctx context.Context, namespace string) (string, error) {
	var deployments appsv1.DeploymentList
	var sets appsv1.DaemonSetList
	in := client.InNamespace(namespace)
	if err := errors.Join(s.cluster.API.List(ctx, &deployments, in), s.cluster.API.List(ctx, &sets, in)); err != nil {
		return "", err
	}
	var missing []string
	for _, d := range deployments.Items {
		if d.Status.ObservedGeneration < d.Generation || d.Status.ReadyReplicas < *d.Spec.Replicas {
			missing = append(missing, d.Name)
		}
	}
	for _, d := range sets.Items {
		if d.Status.ObservedGeneration < d.Generation || d.Status.NumberReady < int32(s.machines) {
			missing = append(missing, d.Name)
		}
	}
	if len(missing) == 0 {
		return "", nil
	}
	return "pods of " + strings.Join(missing, ", "), nil
}

// stay leaves all running until a person has seen enough.
func (s *stage) stay(ctx context.Context) error {
	kubeconfig := filepath.Join(enclosure.Dir, "kubeconfig")
	content, err := os.ReadFile(s.cluster.Server.KubeconfigFile)
	if err == nil {
		err = os.WriteFile(kubeconfig, content, 0o600)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, `
The lab runs until Ctrl-C. Look around from another terminal:
  enter         nsenter -t %[1]s -m -n -p env KUBECONFIG=%[2]s PATH=%[3]s/nodes:$PATH bash
and in there
  the cluster   kubectl get nodes,pods -A -o wide
  a machine     nsenter --net=/run/netns/lab-a ip route
  its pods      ctr -a %[4]s/a/containerd.sock -n k8s.io containers ls
  the fabric    nsenter --net=/run/netns/lab-vpc tcpdump -ni any
  the cloud     %[5]s
  logs          ls %[6]s/*.log
`, enclosure.Pid(), kubeconfig, s.bin, enclosure.Dir, s.cluster.Endpoint, s.cluster.Server.Dir)
	<-ctx.Done()
	return nil
}

// explain shows the ends of the logs, where something failed.
func (s *stage) explain() {
	if s.cluster == nil || s.cluster.Server == nil {
		return
	}
	files, _ := filepath.Glob(filepath.Join(s.cluster.Server.Dir, "*.log"))
	for _, file := range files {
		content, _ := os.ReadFile(file)
		const most = 1500
		fmt.Fprintf(s.progress, "--- %s\n%s\n", filepath.Base(file), content[max(0, len(content)-most):])
	}
}

func (s *stage) stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Stop()
}
