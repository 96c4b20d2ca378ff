package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/enclosure"
)

// session is one run of the lab.
type session struct {
	*options
	began time.Time
	// out gets what is shown, progress what happens on the way.
	out, progress io.Writer

	cluster *cluster.Cluster
}

func (s *session) say(what string) {
	fmt.Fprintf(s.progress, "%6.1f s  %s\n", time.Since(s.began).Seconds(), what)
}

// play brings the lab up and shows the claims.
func (s *session) play(ctx context.Context, fail context.CancelCauseFunc) error {
	var err error
	s.cluster, err = cluster.Start(ctx, cluster.Config{
		Cloud: s.cloud, Prefix: "lab-", Cgroup: enclosure.Name(), Dir: enclosure.Dir, Bin: s.bin,
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
func (s *session) show(ctx context.Context) error {
	w, err := s.newWorld(ctx)
	if err != nil {
		return err
	}
	results := claims.Check(ctx, w, s.cloud, claims.Network, func(r claims.Result) {
		verdict := "✓ "
		if !r.OK {
			verdict = "✗ "
		}
		s.say(verdict + r.Claim)
	})
	if s.json {
		err = json.NewEncoder(s.out).Encode(map[string]any{"cloud": s.cloud, "lag": s.lag.String(), "machines": s.machines, "claims": results})
	} else {
		claims.Write(s.out, fmt.Sprintf("%s, the data plane at most %s behind", s.cloud, s.lag), results)
	}
	if failed := claims.Failed(results); len(failed) > 0 {
		err = fmt.Errorf("%d of %d claims do not hold, the first: %s: %s", len(failed), len(results), failed[0].Claim, failed[0].Why)
	}
	return err
}

func (s *session) addMachines(ctx context.Context) error {
	errs := make([]error, s.machines)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			name := string(rune('a' + i)) // as claims call them
			s.say("starting machine " + name)
			_, errs[i] = s.cluster.AddMachine(ctx, name)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return s.waitReady(ctx)
}

// waitReady waits for Nodes that are ready and add-ons that run.
func (s *session) waitReady(ctx context.Context) error {
	last := ""
	for {
		waits, err := s.waiting(ctx)
		if err != nil || waits == "" {
			return err
		}
		if waits != last {
			s.say("waiting for " + waits)
			last = waits
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", waits, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *session) waiting(ctx context.Context) (string, error) {
	var nodes corev1.NodeList
	var pods corev1.PodList
	if err := s.cluster.API.List(ctx, &nodes); err != nil {
		return "", err
	}
	if err := s.cluster.API.List(ctx, &pods); err != nil {
		return "", err
	}
	ready, running := 0, 0
	for _, n := range nodes.Items {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	for _, p := range pods.Items {
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				running++
			}
		}
	}
	addons := s.machines + 1 // the policies' on each, and the DNS
	switch {
	case ready < s.machines:
		return fmt.Sprintf("Nodes: %d of %d are ready", ready, s.machines), nil
	case running < addons:
		return fmt.Sprintf("add-ons: %d of %d pods are ready", running, addons), nil
	}
	return "", nil
}

// stay leaves all running until a person has seen enough.
func (s *session) stay(ctx context.Context) error {
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
func (s *session) explain() {
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

func (s *session) stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Stop()
}
