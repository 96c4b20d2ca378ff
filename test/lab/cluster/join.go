package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/lab/machine"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// AddMachine runs an instance, joins it to the fabric and to the cluster. Its
// Node becomes ready when it has its range.
func (l *Cluster) AddMachine(ctx context.Context, name string) (*Machine, error) {
	m := &Machine{}
	var err error
	if m.Instance, err = l.VPC.Start(name); err != nil {
		return nil, fmt.Errorf("adding the machine %s: %w", name, err)
	}
	ns := l.Prefix + name
	if err := netns.Create(ctx, ns); err != nil {
		return nil, fmt.Errorf("adding the machine %s: %w", name, err)
	}
	if m.NIC, err = l.Fabric.Plug(ctx, m.Instance.ID, ns); err != nil {
		return nil, err
	}
	kubelet, err := l.kubeconfig("system:node:"+name, "system:nodes")
	if err != nil {
		return nil, err
	}
	proxy, err := l.kubeconfig("system:kube-proxy")
	if err != nil {
		return nil, err
	}
	m.Machine, err = machine.Start(ctx, machine.Config{
		Name: name, Netns: ns, Dir: filepath.Join(l.Dir, name), Address: m.Instance.Address, ProviderID: m.Instance.ProviderID,
		Labels:   map[string]string{corev1.LabelTopologyZone: m.Instance.Zone, corev1.LabelTopologyRegion: region},
		MaxPods:  MaxPods,
		NodesDir: l.bin("nodes"), AddonsDir: l.bin("addons"),
		Kubeconfig: kubelet, ProxyKubeconfig: proxy, ClusterDNS: l.ClusterDNS(),
		Images: l.images, SandboxImage: pauseImage, Run: l.Server.Run,
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.machines[name] = m
	return m, m.SetMasquerade(ctx, l.inside)
}

// RemoveMachine ends a machine as people do: its instance, what runs there, and
// the Node.
func (l *Cluster) RemoveMachine(ctx context.Context, name string) error {
	l.mu.Lock()
	m := l.machines[name]
	delete(l.machines, name)
	l.mu.Unlock()
	if m == nil {
		return fmt.Errorf("removing the machine %s: there is none", name)
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	return errors.Join(
		l.VPC.Delete(name), m.Stop(), netns.Delete(ctx, m.Netns),
		client.IgnoreNotFound(l.API.Delete(ctx, node)),
	)
}

// Machine is one by its name.
func (l *Cluster) Machine(name string) *Machine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.machines[name]
}
