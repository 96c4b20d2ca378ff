package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// configurePeriod is how often it looks: not at once, as on real
// machines, but well within what a kubelet takes to notice.
const configurePeriod = 200 * time.Millisecond

// configureNodes is what runs on each machine of real clusters: it writes the CNI
// configuration from the Node's podCIDR, and sets the masquerade rules that the
// ConfigMap says.
func (l *Cluster) configureNodes(ctx context.Context) {
	l.running.Go(func() {
		last := ""
		configured := map[*Machine]netip.Prefix{}
		for tick := time.NewTicker(configurePeriod); ; {
			err := errors.Join(l.configure(ctx, configured), l.masquerade(ctx))
			if err != nil && ctx.Err() == nil && err.Error() != last {
				last = err.Error()
				l.Say("configuring nodes: " + last)
			}
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
}

func (l *Cluster) configure(ctx context.Context, configured map[*Machine]netip.Prefix) error {
	var nodes corev1.NodeList
	if err := l.API.List(ctx, &nodes); err != nil {
		return fmt.Errorf("reading Nodes: %w", err)
	}
	var errs []error
	for _, node := range nodes.Items {
		m := l.Machine(node.Name)
		if m == nil || node.Spec.PodCIDR == "" || node.Spec.ProviderID != m.Instance.ProviderID {
			continue
		}
		podCIDR, err := netip.ParsePrefix(node.Spec.PodCIDR)
		if err == nil && configured[m] != podCIDR {
			if err = m.SetPodCIDR(podCIDR); err == nil {
				configured[m] = podCIDR
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// masquerade follows ip-masq-agent's ConfigMap.
func (l *Cluster) masquerade(ctx context.Context) error {
	var config corev1.ConfigMap
	if err := l.API.Get(ctx, client.ObjectKey{Namespace: masqueradeNamespace, Name: masqueradeName}, &config); err != nil {
		return client.IgnoreNotFound(err)
	}
	var said struct {
		NonMasqueradeCIDRs []netip.Prefix `json:"nonMasqueradeCIDRs"`
	}
	if err := yaml.Unmarshal([]byte(config.Data["config"]), &said); err != nil {
		return fmt.Errorf("reading the ConfigMap %s: %w", masqueradeName, err)
	}
	inside := slices.DeleteFunc(said.NonMasqueradeCIDRs, func(p netip.Prefix) bool { return p.Addr().Is6() })
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(inside, l.inside) {
		return nil
	}
	l.inside = inside
	var errs []error
	for _, m := range l.machines {
		errs = append(errs, m.SetMasquerade(ctx, inside))
	}
	return errors.Join(errs...)
}
