package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// cluster is a control plane with a manager, its nodes in one subnet.
type cluster struct {
	name, subnet string
	services     string // --service-cluster-ip-range

	server   *apiserver.Server
	took     time.Duration // to come up
	api      client.WithWatch
	manager  *apiserver.Process
	unfollow func()
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // two types of one name
		}
	}
	return s
}

// start runs the control plane, with what deploy/ has for it.
func (c *cluster) start(ctx context.Context) error {
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return err
	}
	began := time.Now()
	c.server, err = apiserver.Start(ctx, apiserver.Options{
		CRDDirs:        []string{filepath.Join(root, "deploy", "crds")},
		APIServerFlags: map[string][]string{"service-cluster-ip-range": {c.services}},
	})
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.name, err)
	}
	if c.api, err = client.NewWithWatch(c.server.Config, client.Options{Scheme: scheme()}); err != nil {
		return fmt.Errorf("connecting to the API server of cluster %s: %w", c.name, err)
	}
	for _, file := range []string{"00-namespace.yaml", "rbac.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy", "manifests", file))
		if err != nil {
			return err
		}
		if err := c.apply(ctx, string(text)); err != nil {
			return err
		}
	}
	c.took = time.Since(began)
	return nil
}

// runManager runs it with the rights that deploy/ gives it.
func (c *cluster) runManager(binary string, flags []string) error {
	user, err := c.server.AddUser("system:serviceaccount:" + namespace + ":vpcnative-manager")
	if err != nil {
		return err
	}
	c.manager, err = c.server.Run("vpcnative-manager", binary, append([]string{
		"--kubeconfig=" + user.KubeconfigFile, "--namespace=" + namespace,
		"--log-format=text",
		"--metrics-bind-address=0", "--health-probe-bind-address=0",
	}, flags...)...)
	return err
}

// apply does what kubectl apply does with the documents.
func (c *cluster) apply(ctx context.Context, documents string) error {
	for _, text := range strings.Split(documents, "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
			return err
		}
		if namespaced, err := c.api.IsObjectNamespaced(u); err == nil && namespaced && u.GetNamespace() == "" {
			u.SetNamespace(metav1.NamespaceDefault)
		}
		if err := c.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("demo"), client.ForceOwnership); err != nil {
			return fmt.Errorf("applying %s %s to cluster %s: %w", u.GetKind(), u.GetName(), c.name, err)
		}
	}
	return nil
}

// delete asks for the deletion of an object.
func (c *cluster) delete(ctx context.Context, o client.Object) error {
	if err := c.api.Delete(ctx, o); err != nil {
		return fmt.Errorf("deleting %T %s of cluster %s: %w", o, o.GetName(), c.name, err)
	}
	return nil
}

// managerSaid is the end of what the manager said.
func (c *cluster) managerSaid() string {
	if c.manager == nil {
		return ""
	}
	content, err := os.ReadFile(c.manager.LogFile)
	if err != nil {
		return err.Error()
	}
	const most = 15
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

func (c *cluster) stop() error {
	if c.unfollow != nil {
		c.unfollow()
	}
	if c.server == nil {
		return nil
	}
	return c.server.Stop()
}
