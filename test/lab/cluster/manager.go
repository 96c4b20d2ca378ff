package cluster

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

// Namespace is the manager's.
const Namespace = "vpcnative-system"

// masqueradeNamespace and masqueradeName are those of the agent's ConfigMap.
const (
	masqueradeNamespace = "kube-system"
	masqueradeName      = "ip-masq-agent"
)

// startManager installs the manager as deploy/ says and runs it beside the
// control plane, as a cloud controller is.
func (l *Cluster) startManager(ctx context.Context, fail context.CancelCauseFunc) error {
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return err
	}
	for _, file := range []string{"00-namespace.yaml", "rbac.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy", "manifests", file))
		if err != nil {
			return err
		}
		if err := l.Apply(ctx, string(text)); err != nil {
			return err
		}
	}
	user, err := l.Server.AddUser("system:serviceaccount:" + Namespace + ":vpcnative-manager")
	if err != nil {
		return err
	}
	p, err := l.Server.Run("manager", l.bin("vpcnative-manager"), append([]string{
		"--kubeconfig=" + user.KubeconfigFile, "--namespace=" + Namespace, "--log-format=text",
		"--metrics-bind-address=0", "--health-probe-bind-address=0", "--load-balancers", "--services-without-class", "--endpoint-groups",
		"--masquerade-configmap=" + masqueradeNamespace + "/" + masqueradeName,
		"--quarantine=" + Quarantine.String(), "--detach-grace=" + DetachGrace.String(), "--orphan-grace=" + OrphanGrace.String(), "--resync=" + Resync.String(),
	}, l.VPC.ManagerFlags(l.Endpoint)...)...)
	if err != nil {
		return err
	}
	l.watchOver(ctx, p, fail)
	return l.Apply(ctx, fmt.Sprintf(ranges, l.VPC.Network(l.number), l.services()))
}

// ranges are what people ask for: pods' ranges, and the Services', which grows.
const ranges = `
apiVersion: vpcnative.dev/v1alpha1
kind: Network
metadata: {name: default}
spec:
  %s
  firewall: Manage
---
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: pods}
spec: {purpose: Pods, prefixLength: 20, nodePrefixLength: Auto}
---
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: services}
spec:
  purpose: Services
  cidrs: [%s]
  growth: {threshold: 80, prefixLength: 26}
`

// port is that of the API server, on whatever address.
func (l *Cluster) port() string {
	u, err := url.Parse(l.Server.Config.Host)
	if err != nil {
		return ""
	}
	return u.Port()
}
