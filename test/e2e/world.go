// Package e2e runs whole stories: the manager's own binary against a real
// etcd and kube-apiserver, and a simulated Compute Engine over HTTP.
package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// Where everything is, unless a story says otherwise.
const (
	project   = "demo"
	network   = "vpc"
	region    = "us-central1"
	subnet    = "nodes"
	otherSub  = "elsewhere"
	zone      = "us-central1-a"
	namespace = "vpcnative-system"
)

// World is what one story acts in.
type World struct {
	API      client.Client
	Server   *apiserver.Server
	Sim      *gcesim.Sim
	Endpoint string

	managers   map[string]*apiserver.Process
	nodeipam   *apiserver.Process // the rival, where one runs
	kubeconfig string             // of the manager's service account, with the rights that deploy/ gives it
	binary     string
	starts     int
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}

// simulate makes the cloud of a story: one network with two subnets.
func (w *World) simulate() (stop func(), err error) {
	w.Sim = gcesim.New(gcesim.Config{Projects: []string{project}})
	if err := w.Sim.AddNetwork(gcesim.Network{Project: project, Name: network}); err != nil {
		return nil, err
	}
	for name, primary := range map[string]string{subnet: "10.128.0.0/20", otherSub: "10.129.0.0/20"} {
		err := w.Sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: name, Network: network, Primary: netip.MustParsePrefix(primary)})
		if err != nil {
			return nil, err
		}
	}
	w.Endpoint, stop, err = w.Sim.Serve("127.0.0.1:0")
	return stop, err
}

// StartManager runs a manager under a name of the story's choice.
func (w *World) StartManager(name string, flags ...string) error {
	w.starts++
	args := append([]string{
		"--kubeconfig=" + w.kubeconfig, "--namespace=" + namespace,
		"--gcp-endpoint=" + w.Endpoint, "--gcp-no-auth", "--log-format=text",
		"--metrics-bind-address=0", "--health-probe-bind-address=0",
		"--lease-duration=3s", "--renew-deadline=2s", "--retry-period=200ms",
		"--quarantine=2s", "--detach-grace=1s", "--resync=5s", "--doubt=3s", "--rival-quiet=4s",
	}, flags...)
	p, err := w.Server.Run(fmt.Sprintf("manager-%s-%d", name, w.starts), w.binary, args...)
	if err != nil {
		return err
	}
	w.managers[name] = p
	return nil
}

// Signal sends a signal to a manager.
func (w *World) Signal(name string, sig syscall.Signal) error {
	p := w.managers[name]
	if p == nil {
		return fmt.Errorf("no manager %q runs", name)
	}
	return syscall.Kill(-p.Pid, sig)
}

// Logs gives what the managers have logged.
func (w *World) Logs() string {
	var out string
	for name, p := range w.managers {
		b, _ := os.ReadFile(p.LogFile)
		out += fmt.Sprintf("--- manager %s (%s)\n%s", name, filepath.Base(p.LogFile), b)
	}
	return out
}

// clean makes the control plane as good as new for the next story.
func (w *World) clean(ctx context.Context) error {
	for _, p := range w.managers {
		_ = p.Kill()
		<-p.Done()
	}
	w.managers = map[string]*apiserver.Process{}
	if err := w.stopNodeIPAM(ctx); err != nil {
		return err
	}
	for _, all := range []client.Object{&corev1.Node{}, &v1alpha1.RangeRequest{}, &v1alpha1.Network{}} {
		if err := w.API.DeleteAllOf(ctx, all); err != nil {
			return err
		}
	}
	var requests v1alpha1.RangeRequestList
	if err := w.API.List(ctx, &requests); err != nil {
		return err
	}
	for i := range requests.Items {
		r := &requests.Items[i]
		patch := client.MergeFrom(r.DeepCopy())
		r.Finalizers = nil
		if err := w.API.Patch(ctx, r, patch); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	for _, inNamespace := range []client.Object{&corev1.ConfigMap{}} {
		if err := w.API.DeleteAllOf(ctx, inNamespace, client.InNamespace(namespace)); err != nil {
			return err
		}
	}
	lease := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "vpcnative-manager", Namespace: namespace}}
	lease.SetGroupVersionKind(leaseKind)
	return client.IgnoreNotFound(w.API.Delete(ctx, lease))
}

// Eventually asks until check is satisfied; its error otherwise.
func Eventually(timeout time.Duration, check func() error) error {
	deadline := time.Now().Add(timeout)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}
