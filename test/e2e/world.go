// Package e2e runs whole stories: the manager's own binary against a real
// etcd and kube-apiserver, and a simulated cloud over HTTP.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
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
	API    client.WithWatch
	Server *apiserver.Server
	Cloud  Cloud

	vpc        *neighbours // the clusters beside it in one VPC, itself among them
	managers   map[string]*apiserver.Process
	aside      []*apiserver.Process // what else runs for the story
	nodeipam   *apiserver.Process   // the rival, where one runs
	filled     int                  // Services that were made to fill ranges
	kubeconfig string               // of the manager's service account, with the rights that deploy/ gives it
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

// BuildManager builds the manager's own binary into a directory.
func BuildManager(dir string) (binary string, err error) {
	return build(dir, "vpcnative-manager")
}

// build builds a command without what debuggers need, which takes the linker
// as long again.
func build(dir, command string) (binary string, err error) {
	binary = filepath.Join(dir, command)
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "github.com/vpcnative/vpcnative/cmd/"+command).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", command, err, out)
	}
	return binary, nil
}

var starting sync.Mutex

// New starts a control plane, with flags of its API server by name, in which
// managers may do what deploy/ allows them. The caller ends it by Server.Stop,
// and gives it a cloud.
func New(binary string, flags ...map[string][]string) (*World, error) {
	starting.Lock() // side by side they are slower
	defer starting.Unlock()
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	o := apiserver.Options{CRDDirs: []string{filepath.Join(root, "deploy", "crds")}, APIServerFlags: map[string][]string{}}
	for _, f := range flags {
		maps.Copy(o.APIServerFlags, f)
	}
	s, err := apiserver.Start(context.Background(), o)
	if err != nil {
		return nil, err
	}
	api, err := client.NewWithWatch(s.Config, client.Options{Scheme: scheme()})
	if err != nil {
		return nil, err
	}
	w := &World{API: api, Server: s, binary: binary, managers: map[string]*apiserver.Process{}}
	for _, file := range []string{"00-namespace.yaml", "rbac.yaml"} {
		if err := w.applyFile(filepath.Join(root, "deploy", "manifests", file)); err != nil {
			return nil, err
		}
	}
	manager, err := s.AddUser("system:serviceaccount:" + namespace + ":vpcnative-manager")
	if err != nil {
		return nil, err
	}
	w.kubeconfig = manager.KubeconfigFile
	return w, nil
}

// ShortLease is for tests of who leads. Elsewhere nobody waits for a Lease to
// end, and a manager that a busy machine starves is to keep its own.
var ShortLease = []string{"--lease-duration=4s", "--renew-deadline=3s", "--retry-period=200ms"}

// StartManager runs a manager under a name of the story's choice.
func (w *World) StartManager(name string, flags ...string) error {
	w.starts++
	args := append([]string{
		"--kubeconfig=" + w.kubeconfig, "--namespace=" + namespace,
		"--log-format=text",
		"--metrics-bind-address=0", "--health-probe-bind-address=0",
		"--lease-duration=60s", "--renew-deadline=50s", "--retry-period=2s",
		"--quarantine=2s", "--detach-grace=1s", "--resync=5s", "--indeterminate-timeout=3s", "--cloud-read-lag=500ms", "--foreign-allocator-cooldown=4s",
	}, slices.Concat(w.Cloud.Flags(), flags)...)
	p, err := w.Server.Run(fmt.Sprintf("manager-%s-%d", name, w.starts), w.binary, args...)
	if err != nil {
		return err
	}
	w.managers[name] = p
	return nil
}

// Manager is the manager that was started last under the name.
func (w *World) Manager(name string) *apiserver.Process { return w.managers[name] }

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
	for _, p := range w.aside {
		_ = p.Kill()
	}
	w.aside, w.filled = nil, 0
	if err := w.stopNodeIPAM(ctx); err != nil {
		return err
	}
	for _, all := range []client.Object{&corev1.Node{}, &v1alpha1.RangeRequest{}, &v1alpha1.Network{}} {
		if err := w.API.DeleteAllOf(ctx, all); err != nil {
			return err
		}
	}
	if err := w.letGo(ctx); err != nil {
		return err
	}
	if err := errors.Join(w.cleanPods(ctx), w.cleanServices(ctx)); err != nil {
		return err
	}
	for _, inNamespace := range []client.Object{&corev1.ConfigMap{}} {
		if err := w.API.DeleteAllOf(ctx, inNamespace, client.InNamespace(namespace)); err != nil {
			return err
		}
	}
	agents := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "ip-masq-agent", Namespace: metav1.NamespaceSystem}}
	if err := w.API.Delete(ctx, agents); client.IgnoreNotFound(err) != nil {
		return err
	}
	return w.endLease(ctx)
}

// crash kills a manager. Where no other runs its Lease goes too, for whose end
// the next one would wait.
func (w *World) crash(ctx context.Context, name string) error {
	if err := w.managers[name].Kill(); err != nil {
		return err
	}
	for _, p := range w.managers {
		if p.Err() == nil {
			return nil
		}
	}
	return w.endLease(ctx)
}

func (w *World) endLease(ctx context.Context) error {
	lease := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "vpcnative-manager", Namespace: namespace}}
	lease.SetGroupVersionKind(leaseKind)
	return client.IgnoreNotFound(w.API.Delete(ctx, lease))
}

// letGo takes the finalizers off, whose manager is gone.
func (w *World) letGo(ctx context.Context) error {
	var requests v1alpha1.RangeRequestList
	var networks v1alpha1.NetworkList
	if err := errors.Join(w.API.List(ctx, &requests), w.API.List(ctx, &networks)); err != nil {
		return err
	}
	var held []client.Object
	for i := range requests.Items {
		held = append(held, &requests.Items[i])
	}
	for i := range networks.Items {
		held = append(held, &networks.Items[i])
	}
	for _, o := range held {
		patch := client.MergeFrom(o.DeepCopyObject().(client.Object))
		o.SetFinalizers(nil)
		if err := w.API.Patch(ctx, o, patch); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
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
