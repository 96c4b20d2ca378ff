// Package machine makes a Kubernetes node of a network namespace: in it run
// containerd, kubelet and kube-proxy, and pods' addresses come from the
// Node's podCIDR by CNI plugins.
package machine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vpcnative/vpcnative/test/apiserver"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// Config is what a machine is made of.
type Config struct {
	// Name is the Node's, Netns the namespace's, which is there and has its
	// address. Dir holds the machine's files.
	Name, Netns, Dir string
	Address          netip.Addr
	ProviderID       string
	Labels           map[string]string
	MaxPods          int

	// NodesDir and AddonsDir hold the programs that were built.
	NodesDir, AddonsDir         string
	Kubeconfig, ProxyKubeconfig string
	ClusterDNS                  netip.Addr
	// Images are files to import, of which SandboxImage is one by its name.
	Images       []string
	SandboxImage string

	// Run starts a program that ends with the lab.
	Run func(name, path string, args ...string) (*apiserver.Process, error)
}

func (c Config) file(name string) string { return filepath.Join(c.Dir, name) }

// Socket is containerd's.
func (c Config) Socket() string { return c.file("containerd.sock") }

// Machine is one that runs.
type Machine struct {
	Config
	processes []*apiserver.Process
}

// Start brings a machine up, and returns when its kubelet and kube-proxy run.
// The Node is registered and becomes ready later.
func Start(ctx context.Context, c Config) (*Machine, error) {
	m := &Machine{Config: c}
	if err := m.write(); err != nil {
		return nil, fmt.Errorf("preparing the machine %s: %w", c.Name, err)
	}
	if err := errors.Join(m.queuePolicies(ctx), m.runtime(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("machine %s: %w", c.Name, err), m.Stop())
	}
	labels := make([]string, 0, len(c.Labels))
	for k, v := range c.Labels {
		labels = append(labels, k+"="+v)
	}
	err := m.run("kubelet", filepath.Join(c.NodesDir, "kubelet"),
		"--config="+c.file("kubelet.yaml"), "--kubeconfig="+c.Kubeconfig, "--root-dir="+c.file("kubelet"), "--cert-dir="+c.file("pki"),
		"--hostname-override="+c.Name, "--node-ip="+c.Address.String(), "--node-labels="+strings.Join(labels, ","))
	if err == nil {
		err = m.run("kube-proxy", filepath.Join(c.NodesDir, "kube-proxy"), "--config="+c.file("proxy.yaml"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("machine %s: %w", c.Name, err), m.Stop())
	}
	return m, nil
}

// write puts the files in place that do not depend on the Node.
func (m *Machine) write() error {
	for _, dir := range []string{"", "cni", "logs", "addresses"} {
		if err := os.MkdirAll(m.file(dir), 0o755); err != nil {
			return err
		}
	}
	kubelet, err := m.kubelet()
	if err != nil {
		return err
	}
	proxy, err := m.proxy()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(m.file("containerd.toml"), []byte(m.containerd()), 0o644),
		os.WriteFile(m.file("kubelet.yaml"), []byte(kubelet), 0o644),
		os.WriteFile(m.file("proxy.yaml"), []byte(proxy), 0o644),
	)
}

// runtime starts containerd and gives it the images.
func (m *Machine) runtime(ctx context.Context) error {
	if err := m.run("containerd", "containerd", "--config="+m.file("containerd.toml")); err != nil {
		return err
	}
	for {
		conn, err := net.Dial("unix", m.Socket())
		if err == nil {
			_ = conn.Close()
			break
		}
		if err := m.Err(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for containerd: %w", context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
	for _, file := range m.Images {
		out, err := exec.CommandContext(ctx, "ctr", "--address="+m.Socket(), "--namespace=k8s.io", "images", "import", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("importing %s: %w: %s", filepath.Base(file), err, out)
		}
	}
	return nil
}

func (m *Machine) run(name, program string, args ...string) error {
	path, err := exec.LookPath("nsenter")
	if err != nil {
		return err
	}
	p, err := m.Run(m.Name+"-"+name, path, append([]string{"--net=" + netns.Path(m.Netns), program}, args...)...)
	if err == nil {
		m.processes = append(m.processes, p)
	}
	return err
}

// Err says which of the machine's programs has ended by itself, and how.
func (m *Machine) Err() error {
	var errs []error
	for _, p := range m.processes {
		errs = append(errs, p.Err())
	}
	return errors.Join(errs...)
}

// SetPodCIDR lets the machine have pods, with addresses of this range.
func (m *Machine) SetPodCIDR(podCIDR netip.Prefix) error {
	config, err := m.network(podCIDR)
	if err != nil {
		return err
	}
	file := m.file("cni/10-pods.conflist")
	if err := os.WriteFile(file+".next", []byte(config), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".next", file)
}

// SetMasquerade has pods bear the machine's address outside of these ranges.
func (m *Machine) SetMasquerade(ctx context.Context, inside []netip.Prefix) error {
	file := m.file("masquerade.nft")
	if err := os.WriteFile(file, []byte(masquerade(inside)), 0o644); err != nil {
		return err
	}
	_, err := netns.Exec(ctx, m.Netns, "nft", "-f", file)
	return err
}

// Stop ends the machine as a loss of power does: its programs, its pods, and
// what else runs in its namespace.
func (m *Machine) Stop() error {
	var errs []error
	for _, p := range m.processes {
		errs = append(errs, p.Kill())
	}
	pids, err := netns.Pids(m.Netns)
	for _, pid := range pids {
		// A shim's children are containers, in namespaces of their own.
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", pid))
		for field := range strings.FieldsSeq(string(children)) {
			if child, err := strconv.Atoi(field); err == nil {
				_ = syscall.Kill(child, syscall.SIGKILL)
			}
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	m.processes = nil
	return errors.Join(append(errs, err)...)
}
