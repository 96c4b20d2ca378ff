package cluster

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// AddressOf is an address of a range, counted from its first.
func AddressOf(p netip.Prefix, n int) netip.Addr {
	a := p.Addr()
	for range n {
		a = a.Next()
	}
	return a
}

// ClusterDNS is the address of the DNS, as installers choose it.
func (l *Cluster) ClusterDNS() netip.Addr { return AddressOf(l.services(), 10) }

// startControlPlane runs it as an installer would set it up: nodes and service
// accounts have the rights that Kubernetes gives them, and no more.
func (l *Cluster) startControlPlane(ctx context.Context, fail context.CancelCauseFunc) error {
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return err
	}
	services := l.services()
	l.Server, err = apiserver.Start(ctx, apiserver.Options{
		CRDDirs: []string{filepath.Join(root, "deploy", "crds")},
		Names: []string{
			l.Control.Address.String(), AddressOf(services, 1).String(),
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		},
		APIServerFlags: map[string][]string{
			"service-cluster-ip-range":        {services.String()},
			"bind-address":                    {"0.0.0.0"},
			"advertise-address":               {l.Control.Address.String()},
			"authorization-mode":              {"Node,RBAC"},
			"disable-admission-plugins":       {""}, // pods have service accounts
			"kubelet-preferred-address-types": {"InternalIP"},
		},
	})
	if err != nil {
		return err
	}
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			return err
		}
	}
	if l.API, err = client.NewWithWatch(l.Server.Config, client.Options{Scheme: s}); err != nil {
		return err
	}
	ca := filepath.Join(l.Server.Dir, "kube-apiserver", "apiserver.crt")
	err = l.runController(ctx, fail, "kube-controller-manager", "system:kube-controller-manager",
		"--controllers=*,-node-ipam-controller,-node-route-controller", "--root-ca-file="+ca,
		"--service-account-private-key-file="+filepath.Join(l.Server.Dir, "kube-apiserver", "sa-signer.key"),
		"--use-service-account-credentials")
	if err != nil {
		return err
	}
	return l.runController(ctx, fail, "kube-scheduler", "system:kube-scheduler")
}

// runController runs a part of the control plane as a user that has its rights.
func (l *Cluster) runController(ctx context.Context, fail context.CancelCauseFunc, program, name string, args ...string) error {
	path := l.bin("nodes", program)
	if program == "kube-controller-manager" {
		var err error
		if path, err = apiserver.Asset(program); err != nil {
			return err
		}
	}
	user, err := l.Server.AddUser(name)
	if err != nil {
		return err
	}
	p, err := l.Server.Run(program, path, append([]string{
		"--kubeconfig=" + user.KubeconfigFile, "--authentication-kubeconfig=" + user.KubeconfigFile, "--authorization-kubeconfig=" + user.KubeconfigFile,
		"--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false",
	}, args...)...)
	if err != nil {
		return err
	}
	l.watchOver(ctx, p, fail)
	return nil
}

// kubeconfig is a file for a user that is on another machine.
func (l *Cluster) kubeconfig(name string, groups ...string) (string, error) {
	user, err := l.Server.AddUser(name, groups...)
	if err != nil {
		return "", err
	}
	config, err := clientcmd.LoadFromFile(user.KubeconfigFile)
	if err != nil {
		return "", err
	}
	for _, c := range config.Clusters {
		c.Server = fmt.Sprintf("https://%s:%s", l.Control.Address, l.port())
	}
	return user.KubeconfigFile, clientcmd.WriteToFile(*config, user.KubeconfigFile)
}
