// Package cluster reads what a cluster says of its ranges, and asks its API
// server what it thinks of objects. It changes nothing.
package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Flags say which cluster.
type Flags struct {
	kubeconfig, context, server string
	timeout                     time.Duration
}

// Register adds the flags, under kubectl's names.
func (f *Flags) Register(set *pflag.FlagSet) {
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file (default: $KUBECONFIG, ~/.kube/config or the pod's service account)")
	set.StringVar(&f.context, "context", "", "context of the kubeconfig file (default: the current one)")
	set.DurationVar(&f.timeout, "request-timeout", 30*time.Second, "timeout of one API server request")
}

// RegisterServer adds --server, for a cluster of which no kubeconfig is left.
func (f *Flags) RegisterServer(set *pflag.FlagSet) {
	set.StringVar(&f.server, "server", "", "address of the cluster's API server, such as https://10.0.0.4:6443 (default: the kubeconfig's)")
}

// Scheme knows all kinds that are read.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // two kinds of one name: a mistake in this program
		}
	}
	return s
}

// Connect finds the cluster by the usual rules.
func (f *Flags) Connect() (client.Client, error) {
	cfg, err := f.config()
	if err != nil {
		return nil, err
	}
	cfg.Timeout = f.timeout
	cfg.UserAgent = "vpcnative"
	c, err := client.New(cfg, client.Options{Scheme: Scheme()})
	if err != nil {
		return nil, fmt.Errorf("connecting to the API server at %s: %w", cfg.Host, err)
	}
	return c, nil
}

// ConfigMaps reads those of a namespace.
func (f *Flags) ConfigMaps(namespace string) (corev1client.ConfigMapInterface, error) {
	cfg, err := f.config()
	if err != nil {
		return nil, err
	}
	cfg.Timeout, cfg.UserAgent = f.timeout, "vpcnative"
	c, err := corev1client.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("connecting to the API server at %s: %w", cfg.Host, err)
	}
	return c.ConfigMaps(namespace), nil
}

func (f *Flags) config() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: f.context}
	overrides.ClusterInfo.Server = f.server
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w; set --kubeconfig or $KUBECONFIG, and --context", err)
	}
	return cfg, nil
}

// ID is the identity of the cluster in names of cloud objects, as the manager
// has it by default.
func ID(ctx context.Context, c client.Reader) (string, error) {
	ns := &corev1.Namespace{}
	if err := c.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
		return "", fmt.Errorf("reading the UID of namespace kube-system, the default of --cluster-id: %w", err)
	}
	return string(ns.UID), nil
}
