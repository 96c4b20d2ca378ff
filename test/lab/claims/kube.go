package claims

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/lab/fabric"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// Kube is the world of a cluster. Its places are pod/a, which is that of the
// DaemonSet on the first machine, pod/NAME, which is any of a Deployment,
// machine/a, internet, fabric, cloud, lab and kubectl.
type Kube struct {
	API    client.Client
	Fabric *fabric.Fabric
	// Machines are those that a, b, c... stand for.
	Machines []Machine
	// App is the program on this machine, Kubectl a kubectl with its flags.
	App     string
	Kubectl []string
	// Apply does what kubectl apply does.
	Apply func(ctx context.Context, documents string) error
	// Cloud does by hand what people could: "unassign NAME RANGE", "assign NAME
	// RANGE". Lab adds and removes machines: "join NAME", "leave NAME".
	Cloud, Lab func(ctx context.Context, args ...string) error

	execs atomic.Int64
}

// Machine is a Node's machine.
type Machine struct {
	Name, Netns string
	NIC         fabric.NIC
	Runtime     string // containerd's socket
}

//go:embed manifests/*.yaml
var manifests embed.FS

// machine is the one of a letter, or of its own name.
func (k *Kube) machine(name string) (Machine, bool) {
	for i, m := range k.Machines {
		if m.Name == name || name == string(rune('a'+i)) {
			return m, true
		}
	}
	return Machine{}, false
}

// Fact implements World.
func (k *Kube) Fact(name string) (string, bool) {
	value, err := k.fact(context.Background(), name)
	return value, err == nil && value != ""
}

func (k *Kube) fact(ctx context.Context, name string) (string, error) {
	kind, rest, _ := strings.Cut(name, ".")
	if name == "internet" {
		return fabric.Internet, nil
	}
	if m, ok := k.machine(kind); ok {
		return k.ofMachine(ctx, m, rest)
	}
	service, port, _ := strings.Cut(rest, ".")
	var s corev1.Service
	if err := k.API.Get(ctx, client.ObjectKey{Namespace: "default", Name: service}, &s); err != nil {
		return "", err
	}
	switch kind {
	case "svc":
		return s.Spec.ClusterIP, nil
	case "port":
		for _, p := range s.Spec.Ports {
			if p.Name == port {
				return fmt.Sprint(p.NodePort), nil
			}
		}
	case "lb":
		for _, i := range s.Status.LoadBalancer.Ingress {
			if i.IP != "" {
				return i.IP, nil
			}
			if at := k.Fabric.Hosts()[i.Hostname]; len(at) > 0 {
				return at[0].String(), nil
			}
		}
	}
	return "", fmt.Errorf("no fact %s", name)
}

func (k *Kube) ofMachine(ctx context.Context, m Machine, what string) (string, error) {
	switch what {
	case "name":
		return m.Name, nil
	case "node":
		return m.NIC.Primary.String(), nil
	case "external":
		return m.NIC.External.String(), nil
	case "nic":
		return m.NIC.Device, nil
	case "pod":
		pod, err := k.pod(ctx, m.Name, "app")
		return pod.Status.PodIP, err
	}
	var node corev1.Node
	if err := k.API.Get(ctx, client.ObjectKey{Name: m.Name}, &node); err != nil {
		return "", err
	}
	switch p, err := netip.ParsePrefix(node.Spec.PodCIDR); {
	case err != nil:
		return "", err
	case what == "range":
		return p.String(), nil
	case what == "unused":
		return last(p).Prev().String(), nil
	}
	return "", fmt.Errorf("no fact %s of machines", what)
}

// last is the last address of a range.
func last(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		a[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(a)
}

// pod is a ready one of an app, on a machine or anywhere.
func (k *Kube) pod(ctx context.Context, machine, app string) (corev1.Pod, error) {
	var pods corev1.PodList
	if err := k.API.List(ctx, &pods, client.InNamespace("default"), client.MatchingLabels{"app": app}); err != nil {
		return corev1.Pod{}, err
	}
	for _, p := range pods.Items {
		ready := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		if ready && p.DeletionTimestamp == nil && (machine == "" || p.Spec.NodeName == machine) {
			return p, nil
		}
	}
	return corev1.Pod{}, fmt.Errorf("no pod of %s is ready", strings.TrimSpace(app+" "+machine))
}

// Run implements World.
func (k *Kube) Run(ctx context.Context, in, command string) (string, error) {
	args := strings.Fields(command)
	kind, name, _ := strings.Cut(in, "/")
	m, known := k.machine(name)
	switch {
	case kind == "pod":
		return k.inPod(ctx, m, known, name, args)
	case kind == "machine" && known:
		return netns.Exec(ctx, m.Netns, k.App, args[1:]...)
	case in == "internet":
		return netns.Exec(ctx, k.Fabric.InternetNamespace(), k.App, args[1:]...)
	case in == "fabric" && args[0] == "drops":
		return Drops(ctx, k, k.Fabric.Dropped, strings.TrimPrefix(command, "drops "))
	case in == "cloud":
		return "", k.Cloud(ctx, args...)
	case in == "lab" && args[0] == "apply":
		text, err := manifests.ReadFile("manifests/" + args[1] + ".yaml")
		return "", errors.Join(err, k.Apply(ctx, string(text)))
	case in == "lab":
		return "", k.Lab(ctx, args...)
	case in == "kubectl":
		out, err := exec.CommandContext(ctx, k.Kubectl[0], append(slices.Clone(k.Kubectl[1:]), args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	return "", fmt.Errorf("%s: nobody knows what %q is", in, command)
}

// inPod runs a command in a pod's container by its runtime, as kubectl exec has
// the kubelet do it.
func (k *Kube) inPod(ctx context.Context, m Machine, known bool, name string, args []string) (string, error) {
	app, on := name, ""
	if known {
		app, on = "app", m.Name
	}
	pod, err := k.pod(ctx, on, app)
	if err != nil {
		return "", err
	}
	if m, known = k.machine(pod.Spec.NodeName); !known {
		return "", fmt.Errorf("the pod %s is on %s, which is no machine of the lab", pod.Name, pod.Spec.NodeName)
	}
	_, container, _ := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")
	line := []string{"--address=" + m.Runtime, "--namespace=k8s.io", "tasks", "exec", "--exec-id", fmt.Sprint("claim-", k.execs.Add(1)), container, "/" + args[0]}
	out, err := exec.CommandContext(ctx, "ctr", append(line, args[1:]...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
