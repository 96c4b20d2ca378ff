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
)

// Machine is a host that is a node of a cluster.
type Machine struct {
	*Host
	*machine.Machine
}

// AddMachine runs an instance, joins it to the fabric and to the cluster. Its
// Node becomes ready when it has its range.
func (l *Cluster) AddMachine(ctx context.Context, name string) (*Machine, error) {
	h, err := l.AddHost(ctx, name)
	if err != nil {
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
	m := &Machine{Host: h}
	m.Machine, err = machine.Start(ctx, machine.Config{
		Name: name, Netns: h.Netns, Dir: filepath.Join(l.Dir, name), Address: h.Instance.Address, ProviderID: h.Instance.ProviderID,
		Labels:   map[string]string{corev1.LabelTopologyZone: h.Instance.Zone, corev1.LabelTopologyRegion: region},
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

// RemoveMachine ends a machine as people do: what runs there, its instance, and
// the Node.
func (l *Cluster) RemoveMachine(ctx context.Context, name string) error {
	l.mu.Lock()
	m := l.machines[name]
	delete(l.machines, name)
	l.mu.Unlock()
	if m == nil {
		return fmt.Errorf("removing the machine %s: the cluster has none", name)
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	return errors.Join(m.Stop(), l.RemoveHost(ctx, name), client.IgnoreNotFound(l.API.Delete(ctx, node)))
}
