package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/fabric"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// world is the lab as claims see it: places to run commands in, and facts.
type world struct {
	*cluster.Cluster
	kubectl, kubeconfig, app string
	// left are facts of machines that have left.
	left map[string]string
}

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
    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
`

// world runs what the claims talk to: a pod on each machine, and programs on
// machines and on the internet.
func (s *stage) world(ctx context.Context) (*world, error) {
	w := &world{
		Cluster: s.cluster, kubectl: filepath.Join(s.bin, "nodes", "kubectl"), kubeconfig: s.cluster.Server.KubeconfigFile,
		app: filepath.Join(s.bin, "lab", "app"), left: map[string]string{},
	}
	ready := []string{w.kubectl, "wait", "--for=condition=Ready", "--timeout=120s"}
	if out, err := w.command(ctx, w.kubectl, "wait", "--for=create", "serviceaccount/default", "--timeout=120s"); err != nil {
		return nil, fmt.Errorf("waiting for the service account of pods: %w: %s", err, out)
	}
	for _, name := range s.names() {
		ready = append(ready, "pod/"+name)
		if err := w.inhabit(ctx, name); err != nil {
			return nil, err
		}
	}
	if err := w.serve(ctx, w.Fabric.InternetNamespace(), "-name=internet", "-listen="+fabric.Internet+":80"); err != nil {
		return nil, err
	}
	if out, err := w.command(ctx, ready...); err != nil {
		return nil, fmt.Errorf("waiting for pods: %w: %s", err, out)
	}
	return w, nil
}

// inhabit gives a machine its pod and a server.
func (w *world) inhabit(ctx context.Context, name string) error {
	return errors.Join(
		w.serve(ctx, w.Machine(name).Netns, "-name="+name, "-listen=:9090"),
		w.Apply(ctx, fmt.Sprintf(pod, name, cluster.AppImage)),
	)
}

// join and leave change which machines there are.
func (w *world) join(ctx context.Context, name string) error {
	if _, err := w.AddMachine(ctx, name); err != nil {
		return err
	}
	return w.inhabit(ctx, name)
}

func (w *world) leave(ctx context.Context, name string) error {
	for _, kind := range []string{"node", "pod", "range", "nic"} {
		w.left[name+"."+kind], _ = w.Fact(name + "." + kind)
	}
	return w.RemoveMachine(ctx, name)
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

// Fact is one of a machine, NAME.KIND, of a Service, or of the lab.
func (w *world) Fact(fact string) (string, bool) {
	ctx := context.Background()
	name, kind, _ := strings.Cut(fact, ".")
	if fact == "internet" {
		return fabric.Internet, true
	}
	m := w.Machine(name)
	if value := w.left[fact]; m == nil && value != "" {
		return value, true
	}
	if m == nil {
		return claims.ServiceFact(ctx, w.API, w.Fabric.Hosts(), fact)
	}
	switch kind {
	case "node":
		return m.NIC.Primary.String(), true
	case "external":
		return m.NIC.External.String(), true
	case "nic":
		return m.NIC.Device, true
	case "pod":
		var pod corev1.Pod
		err := w.API.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &pod)
		return pod.Status.PodIP, err == nil && pod.Status.PodIP != ""
	}
	var node corev1.Node
	err := w.API.Get(ctx, client.ObjectKey{Name: name}, &node)
	podCIDR, wrong := netip.ParsePrefix(node.Spec.PodCIDR)
	switch {
	case err != nil || wrong != nil:
		return "", false
	case kind == "range":
		return podCIDR.String(), true
	case kind == "unused": // its last address but one
		return cluster.AddressOf(podCIDR, 1<<(32-podCIDR.Bits())-2).String(), true
	}
	return "", false
}

// Run runs a command in a place.
func (w *world) Run(ctx context.Context, in, command string) (string, error) {
	args := strings.Fields(command)
	place, name, _ := strings.Cut(in, "/")
	m := w.Machine(name)
	switch {
	case place == "pod":
		return w.command(ctx, append([]string{w.kubectl, "exec", name, "--"}, args...)...)
	case place == "cluster":
		return w.inCluster(ctx, args)
	case place == "machine" && m != nil:
		return netns.Exec(ctx, m.Netns, w.app, args[1:]...)
	case place == "internet":
		return netns.Exec(ctx, w.Fabric.InternetNamespace(), w.app, args[1:]...)
	case place == "fabric" && args[0] == "drops":
		return claims.Drops(ctx, w, w.Fabric.Dropped, strings.TrimPrefix(command, "drops "))
	case place == "cloud" && len(args) == 3:
		return "", w.byHand(args[0], args[1], args[2])
	}
	return "", unknown(in, args)
}

// inCluster is what an administrator does.
func (w *world) inCluster(ctx context.Context, args []string) (string, error) {
	switch args[0] {
	case "kubectl":
		return w.command(ctx, append([]string{w.kubectl}, args[1:]...)...)
	case "apply":
		text, err := claims.Manifest(args[1], cluster.AppImage)
		if err == nil {
			err = w.Apply(ctx, text)
		}
		return "", err
	case "join":
		return "", w.join(ctx, args[1])
	case "leave":
		return "", w.leave(ctx, args[1])
	}
	return "", unknown("cluster", args)
}

func unknown(in string, args []string) error {
	return fmt.Errorf("%s: there is no command %q here", in, strings.Join(args, " "))
}

// command runs a program as the administrator.
func (w *world) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(cmd.Environ(), "KUBECONFIG="+w.kubeconfig)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// byHand is what somebody does to a machine's ranges, past the manager.
func (w *world) byHand(verb, machine, cidr string) error {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return err
	}
	switch verb {
	case "assign":
		return w.VPC.Assign(machine, p)
	case "unassign":
		return w.VPC.Unassign(machine, p)
	}
	return fmt.Errorf("the cloud knows no %q", verb)
}
