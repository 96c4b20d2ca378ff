package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/fabric"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// pod is what claims talk to on a machine, by the machine's name.
const pod = `
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, labels: {app: echo}}
spec:
  nodeSelector: {kubernetes.io/hostname: %[1]s}
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: %[2]s
    imagePullPolicy: Never
    args: [serve, "-listen=:8080", "-udp=:8080"]
    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1, failureThreshold: 1}
`

// guest is a machine of the VPC that is no node.
const guest = "vm"

// world runs what the claims talk to: a pod and a server on each machine, a
// server on the internet, and a machine beside the cluster.
func (s *stage) world(ctx context.Context) (*world, error) {
	w := newWorld(s)
	if _, err := s.site.AddHost(ctx, guest); err != nil {
		return nil, err
	}
	if err := w.serve(ctx, s.site.Fabric.InternetNamespace(), "-name=internet", "-listen="+fabric.Internet+":80"); err != nil {
		return nil, err
	}
	return w, w.settle(ctx, w.first(), s.names())
}

// settle gives machines of a cluster their pods, and waits for them.
func (w *world) settle(ctx context.Context, l *cluster.Cluster, machines []string) error {
	if out, err := w.kubectlOf(ctx, l, "wait", "--for=create", "serviceaccount/default", "--timeout=120s").CombinedOutput(); err != nil {
		return fmt.Errorf("waiting for the service account of pods: %w: %s", err, out)
	}
	ready := []string{"wait", "--for=condition=Ready", "--timeout=120s"}
	for _, name := range machines {
		ready = append(ready, "pod/"+name)
		if err := w.inhabit(ctx, l, name); err != nil {
			return err
		}
	}
	if out, err := w.kubectlOf(ctx, l, ready...).CombinedOutput(); err != nil {
		return fmt.Errorf("waiting for pods: %w: %s", err, out)
	}
	return nil
}

// inhabit gives a machine its pod and a server.
func (w *world) inhabit(ctx context.Context, l *cluster.Cluster, name string) error {
	return errors.Join(
		w.serve(ctx, l.Machine(name).Host.Netns, "-name="+name, "-listen=:9090"),
		l.Apply(ctx, fmt.Sprintf(pod, name, cluster.AppImage)),
	)
}

// serve runs the server in a namespace until ctx is done.
func (w *world) serve(ctx context.Context, ns string, args ...string) error {
	cmd := netns.Command(ctx, ns, w.app, append([]string{"serve"}, args...)...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("serving in %s: %w", ns, err)
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

// inCluster is what an administrator does: apply manifests, and add and remove
// machines. A machine that crashes leaves its Node, its instance and its alias
// range behind.
func (w *world) inCluster(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return unknown("cluster", args)
	}
	l, name := w.clusterOf(args[1]), args[1]
	switch args[0] {
	case "apply":
		text, err := claims.Manifest(name, cluster.AppImage)
		if err != nil {
			return err
		}
		return l.Apply(ctx, text)
	case "join":
		if _, err := l.AddMachine(ctx, name); err != nil {
			return err
		}
		return w.inhabit(ctx, l, name)
	case "crash":
		if h := w.site.Host(name); h != nil {
			return netns.End(ctx, h.Netns)
		}
	case "leave":
		w.remember(name)
		return l.RemoveMachine(ctx, name)
	}
	return unknown("cluster", args)
}
